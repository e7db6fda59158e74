/** The page's static style sheet; no data may enter it. Its colours are distinct for colour-blind readers. */
export const STYLES = `
:root { color-scheme: light dark; --page: #fff; --card: #f6f7f9; --ink: #1b1f24; --soft: #59636e; --rule: #d5dae0;
  --good: #116b3a; --good-wash: #e3f4ea; --bad: #b3261e; --bad-wash: #fdeae8; --doubt: #855800; --doubt-wash: #fff3d6;
  --link: #0b57a4; --control: #b4bcc6; --before: #0072b2; --after: #c84e00; }
@media (prefers-color-scheme: dark) { :root { --page: #14171b; --card: #1d2126; --ink: #e6e9ed; --soft: #9aa5b1;
  --rule: #363d45; --good: #62d394; --good-wash: #12301f; --bad: #ff8a80; --bad-wash: #3d1a18; --doubt: #f0be5a;
  --doubt-wash: #372a0c; --link: #7db8f5; --control: #67717c; --before: #56b4e9; --after: #ff9a4d; } }
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, sans-serif; background: var(--page); color: var(--ink); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 3rem; overflow-wrap: anywhere; }
header { margin: 1rem 0 1.5rem; padding: 1rem 1.25rem; border-left: 6px solid; border-radius: 4px; }
header.good { border-color: var(--good); background: var(--good-wash); }
header.bad { border-color: var(--bad); background: var(--bad-wash); }
header p { margin: .35rem 0 0; color: var(--ink); }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 0; unicode-bidi: isolate; }
h2 { font-size: 1.2rem; margin: 0; display: flex; flex-wrap: wrap; gap: .25rem .6rem; align-items: center; }
h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
h4 { font-size: .9rem; margin: .75rem 0 .35rem; }
small, .quiet { color: var(--soft); font-weight: normal; font-size: .87rem; } td > small { overflow-wrap: normal; }
p, li, dd, td, pre, figcaption, summary { unicode-bidi: isolate; }
a { color: var(--link); }
code, pre { font: .87em/1.45 ui-monospace, monospace; background: var(--card); border-radius: 3px; }
code { padding: .1em .3em; unicode-bidi: isolate; }
pre { padding: .6rem; margin: .4rem 0; white-space: pre-wrap; max-height: 22rem; overflow: auto; }
.command { user-select: all; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th { text-align: left; font-weight: 600; color: var(--soft); font-size: .85rem; white-space: nowrap; }
th, td { padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; }
td:first-child { min-width: 9rem; }
tr > :last-child { padding-right: 0; }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.overview .sentence { min-width: 16rem; }
.told td { padding: 0 0 .5rem; } .told p { margin: 0; color: var(--soft); }
tr:has(+ .told) td { border-bottom: 0; }
.chip { font-size: .8rem; font-weight: 600; padding: .1rem .5rem; border-radius: 1rem; white-space: nowrap; }
.chip.good { color: var(--good); background: var(--good-wash); } .chip.bad { color: var(--bad); background: var(--bad-wash); }
.chip.doubt { color: var(--doubt); background: var(--doubt-wash); } .chip.quiet { background: var(--card); }
[class^="mark-"] { white-space: nowrap; } .mark-proven { color: var(--good); } .mark-inconclusive { color: var(--doubt); }
.mark-refuted { color: var(--bad); font-weight: 600; } .mark-calm, .mark-skipped { color: var(--soft); }
.scenario { margin-top: 2.5rem; padding-top: 1.25rem; border-top: 3px solid var(--rule); scroll-margin-top: .5rem; }
.scenario.bad { border-top-color: var(--bad); } .scenario.good { border-top-color: var(--good); }
.headline { font-size: 1.08rem; margin: .5rem 0; }
.mismatch { color: var(--bad); margin: .35rem 0; } .caveat { background: var(--doubt-wash); padding: .35rem .6rem; overflow-wrap: anywhere; } header .mismatch { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .2rem 1rem; margin: .5rem 0; }
dt { color: var(--soft); font-size: .9rem; } dd { margin: 0; }
.finding { background: var(--card); border-radius: 6px; padding: .75rem 1rem; margin: .5rem 0; }
.finding p { margin: 0; } .rule { scroll-margin-top: .5rem; } .rule:target { outline: 2px solid var(--link); } .finding p.sentence { font-weight: 600; } .finding code { background: var(--page); }
summary { cursor: pointer; padding: .25rem 0; color: var(--link); }
.strip { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-start; margin-bottom: .75rem; }
figure { margin: 0; min-width: 0; }
.image { width: min-content; min-width: 8.25rem; }
.recording { flex: 1 1 12rem; max-width: 24rem; } .recording audio { width: 100%; } .recording pre { max-height: 12rem; }
figcaption { font-size: .85rem; line-height: 1.35; } figcaption small { display: block; }
img { display: block; max-width: 100%; height: auto; margin-bottom: .3rem; outline: 1px solid var(--rule); flex: none; }
.crisp { image-rendering: pixelated; }
.missing { width: 112px; min-height: 112px; border: 1px dashed var(--rule); display: grid; place-items: center; color: var(--soft);
  font-size: .8rem; line-height: 1.3; padding: .35rem; text-align: center; margin-bottom: .3rem; }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; }
.curve figcaption { font-weight: 600; } .curve figcaption small { display: inline; }
.curve svg { display: block; width: 100%; height: auto; } .curve .swatch { width: 28px; height: 8px; flex: none; margin-top: .4rem; }
.tick { font: 10px system-ui, sans-serif; fill: var(--soft); } .grid { stroke: var(--rule); stroke-width: .7; }
.series path { fill: none; stroke-linecap: round; stroke-linejoin: round; }
.control path { stroke: var(--control); stroke-width: 5; }
.before path { stroke: var(--before); stroke-width: 1.8; stroke-dasharray: 6 4; } .before circle { fill: var(--before); }
.after path { stroke: var(--after); stroke-width: 2; stroke-dasharray: 1 3.5; } .after circle { fill: var(--after); }
.legend { list-style: none; margin: 0; padding: 0; font-size: .82rem; line-height: 1.4; } .legend li { display: flex; gap: .5rem; }
.up { font-size: .85rem; }
.matrix table { width: auto; border-collapse: separate; border-spacing: 0; }
.matrix th { padding: .15rem .6rem .15rem 0; } .matrix tbody th { font-weight: normal; position: sticky; left: 0; background: var(--page); z-index: 1; }
.matrix tbody th a { color: var(--ink); text-decoration: none; } .matrix .slanted { height: 12rem; vertical-align: bottom; padding: 0 .2rem .4rem; }
.slanted span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: normal; }
.cell { padding: .15rem .35rem; text-align: center; min-width: 2.4rem; border: 1px solid var(--page); white-space: nowrap; }
.cell.good { color: var(--good); background: var(--good-wash); } .cell.bad { color: var(--bad); background: var(--bad-wash); font-weight: 600; }
.cell.doubt { color: var(--doubt); background: var(--doubt-wash); } .cell.quiet { color: var(--soft); background: var(--card); }
.key { list-style: none; display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; font-size: .87rem; }
.fault { border-bottom: 1px solid var(--rule); padding: .2rem 0; scroll-margin-top: .5rem; } .fault summary { color: var(--ink); }
.fault p { margin: .25rem 0; }
@media (max-width: 40rem) { html { font-size: 14px; } body { padding: 0 .75rem 2rem; } header { padding: .75rem .9rem; }
  dl { grid-template-columns: minmax(0, 1fr); } dt { margin-top: .35rem; } .strip:has(.image) { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr)); gap: .6rem; }
  .image { width: auto; min-width: 0; } .missing { max-width: 100%; }
  .overview thead { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; }
  .overview tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--rule); }
  .overview td { display: inline-block; border: 0; padding: 0 .75rem .15rem 0; }
  .overview td:first-child, .overview td.sentence { display: block; min-width: 0; } }
@media print { :root { --card: #fff; } html { font-size: 11px; } .up { display: none; }
  .scenario, header { break-inside: auto; } .finding, .samples, .curve, tr { break-inside: avoid; } pre { max-height: none; }
  details::details-content { content-visibility: visible; } * { print-color-adjust: exact; } }
`;
