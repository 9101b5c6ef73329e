import { Option } from 'commander';

/** Which data directory a command works on. */
export function dataOption(): Option {
  return new Option('--data <directory>', 'data directory; /var/lib/gabion as root, else ~/.local/share/gabion');
}
