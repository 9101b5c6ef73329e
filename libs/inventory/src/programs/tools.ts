import { after, type Program } from './program.ts';

const plain = '\\d{1,3}\\.\\d{1,3}\\.\\d{1,4}';
const soVersion = '(?:\\.[\\d.]{1,16})?';

/** Tools and shells of a base system. */
export const tools: readonly Program[] = [
  { name: 'busybox', path: /(?:^|\/)(?:busybox(?:[-.][\w.-]{1,32})?|\[|sh)$/, evidence: [after('BusyBox v', plain)] },
  { name: 'toybox', files: ['toybox'], evidence: [{ anchor: 'toybox', pattern: /toybox (\d\.\d{1,2}\.\d{1,2})/ }] },
  { name: 'bash', files: ['bash', 'rbash'], evidence: [after('@(#)Bash version ', plain, '\\(')] },
  {
    name: 'curl',
    files: ['curl'],
    evidence: [
      after('curl/', plain),
      { anchor: 'curl', pattern: new RegExp(`curl (${plain}) \\(`) },
      { anchor: 'curl', pattern: /\0([78]\.\d{1,2}\.\d{1,2})\0/ },
    ],
  },
  { name: 'wget', files: ['wget'], evidence: [{ anchor: 'wget', pattern: /\0(1\.\d{2}(?:\.\d{1,2})?)\0/i }] },
  {
    name: 'git',
    files: ['git'],
    evidence: [{ anchor: 'git', pattern: /\0(2\.\d{1,2}\.\d{1,2}(?:\.\d{1,2})?(?:-rc\d)?)\0/ }],
  },
  { name: 'gzip', files: ['gzip'], evidence: [{ pattern: /\0(1\.\d{1,2})\0/ }] },
  { name: 'tar', files: ['tar'], evidence: [{ anchor: 'GNU tar', pattern: /\0(1\.\d{2}(?:\.\d{1,2})?)\0/ }] },
  {
    name: 'jq',
    path: /(?:^|\/)jq$/,
    evidence: [
      { anchor: 'jq-', pattern: /jq-(1\.\d(?:\.\d)?(?:rc\d)?)/ },
      { pattern: /\0(1\.[4-9](?:\.\d{1,2})?(?:rc\d)?)\0/ },
    ],
  },
  {
    name: 'util-linux',
    files: ['getopt', 'mount', 'su', 'lsblk', 'login'],
    evidence: [
      { anchor: 'util-linux ', pattern: /\0util-linux (2\.\d{1,2}(?:\.\d{1,2})?)\0/ },
      { anchor: 'util-linux ', pattern: /from util-linux (2\.\d{1,2}(?:\.\d{1,2})?)/ },
    ],
  },
  { name: 'rsync', files: ['rsync'], evidence: [{ anchor: 'rsync', pattern: /\0(3\.\d\.\d{1,2})\0/ }] },
  {
    name: 'sudo',
    files: ['sudo'],
    evidence: [{ anchor: 'sudo', pattern: /\0(1\.\d\.\d{1,2}(?:p\d{1,2})?)\0/ }],
  },
  { name: 'vim', files: ['vim', 'vim.tiny', 'vim.basic'], evidence: [after('VIM - Vi IMproved ', '\\d\\.\\d{1,2}')] },
  {
    name: 'binutils',
    path: /(?:^|\/)(?:[\w-]{1,40}-)?(?:ld\.bfd|objdump|readelf|as)$/,
    evidence: [{ anchor: 'Binutils', pattern: /Binutils[^)\0]{0,40}\) (2\.\d{1,2}(?:\.\d{1,2})?)/ }],
  },
  {
    name: 'ghostscript',
    path: new RegExp(`(?:^|/)(?:gs|libgs\\.so${soVersion})$`),
    evidence: [{ anchor: 'Ghostscript', pattern: /Ghostscript (\d{1,2}\.\d{1,2}(?:\.\d)?)/ }],
  },
  {
    name: 'chrome',
    path: /(?:^|\/)(?:chrome|chromium|headless_shell)$/,
    evidence: [
      { anchor: '\0Default', pattern: /\0(\d{2,3}\.0\.\d{4,5}\.\d{1,3})\0Default/ },
      { anchor: 'Chrome/', pattern: /Chrome\/(\d{2,3}\.0\.\d{4,5}\.\d{1,3})/ },
    ],
  },
  {
    name: 'electron',
    path: /(?:^|\/)(?:electron|Electron Framework)$/,
    evidence: [after('Electron/', plain), after('Electron v', plain)],
  },
  {
    name: 'firefox',
    files: ['application.ini'],
    isText: true,
    evidence: [{ anchor: 'Name=Firefox', pattern: /Name=Firefox[^[]{0,200}?\nVersion=(\d{1,3}\.[\d.ab]{1,10})/ }],
  },
  {
    name: 'wp-cli',
    path: /(?:^|\/)wp(?:-cli\.phar)?$/,
    isText: true,
    evidence: [
      after('wp-cli/wp-cli ', plain),
      { anchor: 'WP_CLI_VERSION', pattern: new RegExp(`WP_CLI_VERSION['", ]{1,6}(${plain})`) },
    ],
  },
  {
    name: 'wordpress',
    path: /(?:^|\/)wp-includes\/version\.php$/,
    isText: true,
    evidence: [
      { anchor: '$wp_version', pattern: /\$wp_version = '(\d\.\d{1,2}(?:\.\d{1,2})?(?:-[A-Za-z0-9-]{1,16})?)'/ },
    ],
  },
  {
    name: 'drupal',
    path: /(?:^|\/)core\/lib\/Drupal\.php$/,
    isText: true,
    evidence: [
      { anchor: 'const VERSION', pattern: new RegExp(`const VERSION = '(${plain}(?:-[a-z]{2,5}\\d{1,2})?)'`) },
    ],
  },
  {
    name: 'joomla',
    path: /(?:^|\/)libraries\/src\/Version\.php$/,
    isText: true,
    evidence: [{ anchor: 'MAJOR_VERSION', pattern: /RELEASE = '(\d\.\d{1,2}\.\d{1,2})'/ }],
  },
  {
    name: 'phpmyadmin',
    path: /(?:^|\/)libraries\/(?:classes\/Version|vendor_config|Config\.class)\.php$/,
    isText: true,
    evidence: [{ anchor: 'VERSION', pattern: new RegExp(`VERSION['", =]{1,8}(${plain})['-]`) }],
  },
];
