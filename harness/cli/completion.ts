/** `resumeproof completion`: scripts that complete commands, options and their values, made from the command tree. */
import { Argument, Command, type Option } from 'commander';
import { printData } from './print.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export function completionCommand(): Command {
  return new Command('completion')
    .description('Prints a script that completes commands and options in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', '\nExample:\n  eval "$(resumeproof completion bash)"')
    .action((shell: (typeof SHELLS)[number], _, command: Command) => {
      printData(SCRIPTS[shell](command.parent!));
    });
}

/** A command with what can follow it. */
interface Node {
  readonly name: string;
  readonly about: string;
  readonly options: readonly Named[];
  /** Choices of its arguments; empty if they are paths or names. */
  readonly choices: readonly string[];
}

interface Named {
  readonly flag: string;
  readonly about: string;
  readonly value: Value | undefined;
}

/** What follows an option: one of these words, a folder, or a file or anything else. */
type Value = readonly string[] | 'folder' | 'file';

function nodesOf(program: Command): Node[] {
  const help = program.createHelp();
  return help
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help')
    .map((command) => ({
      name: command.name(),
      about: firstSentence(command.summary() || command.description()),
      options: help.visibleOptions(command).flatMap(named),
      choices: command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []),
    }));
}

function named(option: Option): Named[] {
  if (option.long === undefined || option.long === null) return [];
  const takesValue = option.required || option.optional;
  return [
    {
      flag: option.long,
      about: firstSentence(option.description),
      value: takesValue ? (option.argChoices ?? (/<dir>/.test(option.flags) ? 'folder' : 'file')) : undefined,
    },
  ];
}

const firstSentence = (text: string): string => text.split(/[.;]\s/)[0]!.replace(/\.$/, '');

const GLOBAL = ['--help', '--version'];

/** Between single quotes, for any of the shells. */
const quoted = (text: string): string => `'${text.replaceAll("'", '’')}'`;

function bash(program: Command): string {
  const nodes = nodesOf(program);
  const values = nodes.flatMap(({ name, options }) =>
    options.flatMap(({ flag, value }) => {
      if (value === undefined || value === 'file') return [];
      const words = value === 'folder' ? '-d' : `-W ${quoted(value.join(' '))}`;
      return [`    ${name}:${flag}) COMPREPLY=($(compgen ${words} -- "$current")); return ;;`];
    }),
  );
  const words = nodes.map(({ name, options, choices }) => {
    const flags = options.map(({ flag }) => flag).join(' ');
    return `    ${name}) options=${quoted(flags)}; choices=${quoted(choices.join(' '))} ;;`;
  });
  const names = nodes.map(({ name }) => name);
  return `# Completion of resumeproof for bash.
_resumeproof() {
  local current="\${COMP_WORDS[COMP_CWORD]}" command='' options='' choices='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i]}" in
      --) compopt -o default; return ;;
      ${names.join('|')}) command="\${COMP_WORDS[i]}"; break ;;
    esac
  done
  case "$command:\${COMP_WORDS[COMP_CWORD-1]}" in
${values.join('\n')}
  esac
  case "$command" in
${words.join('\n')}
    *) options=${quoted(GLOBAL.join(' '))}; choices=${quoted(names.join(' '))} ;;
  esac
  if [[ $current == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$current"))
  elif [[ -n $choices ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  else
    COMPREPLY=($(compgen -f -- "$current"))
  fi
}
complete -o filenames -F _resumeproof resumeproof
`;
}

/** Colons and brackets mean something in a specification of zsh. */
const ofZsh = (text: string): string => text.replaceAll(/[[\]:\\]/g, String.raw`\$&`);

function zsh(program: Command): string {
  const nodes = nodesOf(program);
  const follows = (value: Value): string =>
    value === 'folder'
      ? ':folder:_files -/'
      : value === 'file'
        ? ':value:_files'
        : `:value:(${value.join(' ')})`;
  const cases = nodes.map(({ name, options, choices }) => {
    const specifications = options.map(({ flag, about, value }) =>
      quoted(`*${flag}[${ofZsh(about)}]${value === undefined ? '' : follows(value)}`),
    );
    const rest = quoted(choices.length === 0 ? '*:file:_files' : `1:value:(${choices.join(' ')})`);
    return `    ${name}) _arguments ${[...specifications, rest].join(' \\\n      ')} ;;`;
  });
  const commands = nodes.map(({ name, about }) => `    ${quoted(`${name}:${ofZsh(about)}`)}`);
  return `#compdef resumeproof
# Completion of resumeproof for zsh.
_resumeproof() {
  local -a commands=(
${commands.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _arguments ${GLOBAL.map((flag) => quoted(flag)).join(' ')}
    return
  fi
  local command="\${words[2]}"
  shift words
  ((CURRENT--))
  case "$command" in
${cases.join('\n')}
  esac
}
compdef _resumeproof resumeproof
`;
}

function fish(program: Command): string {
  const nodes = nodesOf(program);
  const line = (...parts: string[]): string => `complete -c resumeproof ${parts.join(' ')}`;
  const lines = nodes.flatMap(({ name, about, options, choices }) => {
    const seen = `-n ${quoted(`__fish_seen_subcommand_from ${name}`)}`;
    return [
      line(`-n __fish_use_subcommand -f -a ${name} -d ${quoted(about)}`),
      ...options.map(({ flag, about: what, value }) => {
        const follows =
          value === undefined
            ? ''
            : value === 'file'
              ? '-r'
              : `-x -a ${quoted(value === 'folder' ? '(__fish_complete_directories)' : value.join(' '))}`;
        return line(seen, `-l ${flag.slice(2)}`, ...(follows === '' ? [] : [follows]), `-d ${quoted(what)}`);
      }),
      ...(choices.length === 0 ? [] : [line(seen, `-f -a ${quoted(choices.join(' '))}`)]),
    ];
  });
  return `# Completion of resumeproof for fish.\n${lines.join('\n')}\n`;
}

const SCRIPTS: Readonly<Record<(typeof SHELLS)[number], (program: Command) => string>> = { bash, zsh, fish };
