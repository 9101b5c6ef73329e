import { after, dotted, type Program } from './program.ts';

const plain = '\\d{1,3}\\.\\d{1,3}\\.\\d{1,4}';
const otp = '\\d{2}\\.\\d{1,3}(?:\\.\\d{1,3}){0,3}(?:-rc\\d)?';
const otpSource = [after('/src/otp_src_', otp, '/'), after('/src/otp-', otp, '/')];

/** Interpreters, compilers and virtual machines of languages. */
export const runtimes: readonly Program[] = [
  {
    name: 'python',
    // The name says which release series the version must be of: there are other numbers between two NULs.
    path: /(?:^|\/)(?:lib)?python(\d\.\d{1,2})[dmu]{0,3}(?:\.so(?:\.[\d.]{1,16})?|\.exe)?$/,
    evidence: [
      {
        pattern: (path) => new RegExp(`\\0(${escaped(path[1]!)}\\.\\d{1,2}(?:(?:a|b|rc|c)\\d{1,2})?\\+?)\\0`),
      },
    ],
  },
  {
    name: 'pypy',
    path: /(?:^|\/)(?:libpypy[\d.]{0,5}-?c?\.so(?:\.[\d.]{1,16})?|pypy[\d.]{0,5})$/,
    evidence: [after('[PyPy ')],
  },
  {
    name: 'node',
    path: /(?:^|\/)(?:node|nodejs|libnode\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [
      after('node.js/v', plain),
      { anchor: '\0node v', pattern: new RegExp(`\\0node v(${plain})\\0`) },
      { pattern: /\0v([04-6]\.\d{1,3}\.\d{1,3})\0/ },
    ],
  },
  {
    name: 'deno',
    files: ['deno'],
    evidence: [after('Deno/', plain), { anchor: 'deno', pattern: new RegExp(`deno[\\s-]{0,4}(${plain})`) }],
  },
  {
    name: 'bun',
    files: ['bun', 'bunx'],
    evidence: [after('Bun/', plain), after('bun/', plain), after('Bun v', plain), after('bun-v', plain)],
  },
  {
    name: 'ruby',
    path: /(?:^|\/)(?:ruby(?:\d\.\d)?|libruby(?:-\d\.\d)?\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [
      {
        anchor: 'ruby ',
        pattern: new RegExp(`ruby (${plain}(?:(?:p|preview|rc|dev)\\d{0,4})?) \\(\\d{4}-`),
      },
    ],
  },
  {
    name: 'perl',
    path: /(?:^|\/)(?:perl(?:5\.[\d.]{1,8})?|libperl\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [
      {
        anchor: '/perl',
        pattern: /\/lib(?:\/x86_64-linux-gnu|\/aarch64-linux-gnu|64)?\/perl5?\/(5\.\d{1,2}\.\d{1,2})/,
      },
      { anchor: '/perl5', pattern: /\/perl5\/(?:core_perl|site_perl|vendor_perl)?\/?(5\.\d{1,2}\.\d{1,2})/ },
      { pattern: /\0v(5\.\d{1,2}\.\d{1,2})\0/ },
    ],
  },
  {
    name: 'php',
    path: /(?:^|\/)(?:php(?:\d(?:\.\d)?)?|php-(?:fpm|cgi|cli)(?:\d(?:\.\d)?)?|libphp\d?(?:\.\d)?\.so)$/,
    evidence: [
      { anchor: 'X-Powered-By: PHP/', pattern: new RegExp(`X-Powered-By: PHP/(${plain}(?:(?:alpha|beta|RC)\\d)?)`) },
      { anchor: 'PHP/', pattern: new RegExp(`[^A-Za-z]PHP/(${plain}(?:(?:alpha|beta|RC)\\d)?)`) },
    ],
  },
  {
    name: 'composer',
    path: /(?:^|\/)composer(?:\.phar)?$/,
    isText: true,
    evidence: [
      {
        anchor: "'pretty_version'",
        pattern: new RegExp(`'pretty_version'\\s{0,4}=>\\s{0,4}'(${plain}(?:-?(?:alpha|beta|RC)\\d{1,2})?)'`),
      },
      { anchor: 'const VERSION', pattern: new RegExp(`const VERSION\\s{0,4}=\\s{0,4}'(${plain})'`) },
    ],
  },
  {
    name: 'go',
    path: /(?:^|\/)go(?:\.exe)?$/,
    evidence: [{ anchor: 'go1.', pattern: /go(1\.\d{1,2}(?:\.\d{1,2}|beta\d|rc\d)?)\0/ }],
  },
  {
    name: 'go',
    // The file beside `bin` of a toolchain; others of this name do not begin so.
    path: /(?:^|\/)VERSION(?:\.cache)?$/,
    isText: true,
    evidence: [{ pattern: /(?:^|\n)go(1\.\d{1,2}(?:\.\d{1,2}|beta\d|rc\d)?(?:-[_0-9a-z]{1,16})?)(?:\s|$)/ }],
  },
  {
    name: 'rust',
    path: /(?:^|\/)(?:libstd-[0-9a-f]{16}|librustc_driver-[0-9a-f]{16})\.(?:so|dylib)$/,
    evidence: [
      { anchor: '/rustc-1.', pattern: /\/rustc-(1\.\d{1,3}\.\d{1,2})(?:-src)?\// },
      { anchor: 'rustc version ', pattern: new RegExp(`rustc version (${plain}(?:-[a-z.\\d]{1,12})?) ?\\(`) },
      { pattern: new RegExp(`c (${plain}) \\([0-9a-f]{7,12} \\d{4}-\\d\\d-\\d\\d\\)`) },
    ],
  },
  {
    name: 'erlang',
    files: ['erlexec', 'beam.smp', 'liberts_internal.a'],
    evidence: [
      ...otpSource,
      { anchor: 'Erlang/OTP', pattern: new RegExp(`\\0(${otp})\\0{1,32}Erlang/OTP`) },
      { anchor: 'Erlang/OTP', pattern: new RegExp(`Erlang/OTP[\\s\\S]{1,150}?\\0(${otp})\\0`) },
    ],
  },
  { name: 'erlang', files: ['OTP_VERSION'], isText: true, evidence: [{ pattern: new RegExp(`^(${otp})(?:\\s|$)`) }] },
  {
    name: 'elixir',
    files: ['elixir', 'elixir.app'],
    isText: true,
    evidence: [
      after('ELIXIR_VERSION=', `${plain}(?:-[a-z]{2,5}(?:\\.\\d)?)?`),
      {
        anchor: '{vsn,',
        pattern: new RegExp(
          `\\{application,\\s{0,4}elixir,[\\s\\S]{0,800}?\\{vsn,\\s{0,4}"(${plain}(?:-[a-z]{2,5}(?:\\.\\d)?)?)"`,
        ),
      },
      { anchor: '{vsn,', pattern: new RegExp(`\\{vsn,"(${plain}(?:-[a-z]{2,5}(?:\\.\\d)?)?)"\\}`) },
    ],
  },
  { name: 'swipl', path: /(?:^|\/)(?:swipl|libswipl\.so(?:\.[\d.]{1,16})?)$/, evidence: [after('swipl-', plain, '/')] },
  {
    name: 'dart',
    files: ['dart', 'dartaotruntime'],
    evidence: [
      {
        pattern: new RegExp(
          `\\0(${plain}(?:-\\d{1,4}(?:\\.\\d{1,3})?\\.(?:beta|dev))?) \\((?:stable|beta|dev|main)\\)`,
        ),
      },
      { pattern: new RegExp(`\\0(${plain}(?:-\\d{1,4}(?:\\.\\d{1,3})?\\.(?:beta|dev))?) `) },
    ],
  },
  {
    name: 'haskell/ghc',
    path: /(?:^|\/)ghc(?:-[\d.]{1,12})?$/,
    evidence: [
      { anchor: '\0GHC ', pattern: new RegExp(`\\0GHC (${plain})\\0`) },
      { anchor: 'libHSghc-', pattern: new RegExp(`\\0libHSghc-(${plain})-(?:[a-zA-Z0-9]{1,40}-)?ghc`) },
    ],
  },
  {
    name: 'haskell/cabal',
    files: ['cabal'],
    evidence: [
      after('cabal-install-', dotted, '-'),
      { anchor: '\0Cabal-', pattern: new RegExp(`\\0Cabal-(${dotted})-`) },
    ],
  },
  {
    name: 'haskell/stack',
    files: ['stack'],
    evidence: [{ anchor: 'Version', pattern: new RegExp(`Version\\s{0,4}(${plain}),\\s{0,4}Git`) }],
  },
  {
    name: 'julia',
    path: /(?:^|\/)libjulia-internal\.so(?:\.[\d.]{1,16})?$/,
    evidence: [{ anchor: '__init__\0', pattern: new RegExp(`__init__\\0(${plain})\\0verify`) }],
  },
  {
    name: 'lua',
    path: /(?:^|\/)(?:lua(?:5\.\d)?|liblua(?:5\.\d|-5\.\d)?\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [after('$LuaVersion: Lua ', plain)],
  },
  {
    name: 'luajit',
    path: /(?:^|\/)(?:luajit(?:-[\w.-]{1,24})?|libluajit-5\.1\.so(?:\.[\d.]{1,16})?)$/,
    evidence: [after('LuaJIT ', `${plain}(?:-beta\\d)?`)],
  },
  { name: 'tcl', path: /(?:^|\/)libtcl8\.\d\.so(?:\.[\d.]{1,16})?$/, evidence: [{ pattern: /\0(8\.\d\.\d{1,2})\0/ }] },
  {
    name: 'gcc',
    path: /(?:^|\/)(?:[\w-]{1,40}-)?gcc(?:-\d{1,2})?$/,
    evidence: [
      { anchor: 'GCC: (', pattern: new RegExp(`GCC: \\([^)]{1,40}\\) (${plain})`) },
      { anchor: 'GCC', pattern: /\0(\d{1,2}\.\d\.\d)\0/ },
    ],
  },
  {
    name: 'rakudo',
    files: ['rakudo', 'raku'],
    evidence: [{ anchor: 'akudo', pattern: /[Rr]akudo(?:\(TM\))?[- ]v?(20\d\d\.\d\d(?:\.\d{1,2})?)/ }],
  },
];

function escaped(version: string): string {
  return version.replaceAll('.', '\\.');
}
