import { Command } from 'commander';
export const fuzzCommand = () => new Command('fuzz');
