import { after, type Program } from './program.ts';

const plain = '\\d{1,3}\\.\\d{1,3}\\.\\d{1,4}';
const soVersion = '(?:\\.[\\d.]{1,16})?';

function library(name: string): RegExp {
  return new RegExp(`(?:^|/)${name}\\.so${soVersion}$`);
}

/** Libraries that other programs are linked with, and the C library itself. */
export const libraries: readonly Program[] = [
  {
    name: 'musl',
    path: /(?:^|\/)(?:ld-musl-[\w]{1,20}\.so\.1|libc\.musl-[\w]{1,20}\.so\.1|libc\.so)$/,
    evidence: [{ anchor: 'musl libc', pattern: /\0(1\.\d{1,2}\.\d{1,2})(?:-git-[\w-]{1,40})?\0/ }],
  },
  {
    name: 'glibc',
    path: /(?:^|\/)libc(?:\.so\.6|-2\.\d{1,2}\.so)$/,
    evidence: [
      {
        anchor: 'GNU C Library',
        pattern: /GNU C Library \([^)]{1,80}\) (?:stable|development) release version (2\.\d{1,2}(?:\.\d{1,3})?)/,
      },
    ],
  },
  {
    name: 'openssl',
    path: new RegExp(`(?:^|/)(?:openssl|libcrypto\\.so${soVersion})$`),
    evidence: [
      { anchor: 'AWS-LC ', pattern: new RegExp(`AWS-LC (${plain})\\)\\0`), name: 'aws-lc' },
      { anchor: 'LibreSSL ', pattern: new RegExp(`LibreSSL (${plain})\\0`), name: 'libressl' },
      {
        anchor: 'OpenSSL ',
        pattern: new RegExp(
          `OpenSSL (${plain}(?:[a-z]{1,2}|-(?:alpha|beta|rc|pre)\\d{1,2})?)(?:-fips)?(?:-dev)? {1,2}\\d{1,2} \\w{3} \\d{4}`,
        ),
      },
      { anchor: '\0OpenSSL ', pattern: new RegExp(`\\0OpenSSL (${plain}(?:[a-z]{1,2}|-(?:alpha|beta|rc)\\d{1,2})?)`) },
    ],
  },
  {
    name: 'libcurl',
    path: new RegExp(`(?:^|/)libcurl(?:-gnutls|-nss)?\\.so${soVersion}$`),
    evidence: [after('libcurl/', plain), { pattern: /\0([78]\.\d{1,2}\.\d{1,2})\0/ }],
  },
  {
    name: 'zlib',
    path: library('libz'),
    evidence: [
      after(' deflate ', '1\\.\\d{1,2}(?:\\.\\d{1,2}){0,2}', '(?:\\.zlib-ng)? Copyright'),
      after(' inflate ', '1\\.\\d{1,2}(?:\\.\\d{1,2}){0,2}', ' Copyright'),
    ],
  },
  {
    name: 'xz',
    path: new RegExp(`(?:^|/)(?:xz|liblzma\\.so${soVersion})$`),
    evidence: [after('xz (XZ Utils) ', plain), { pattern: /\0(5\.\d{1,2}\.\d{1,2}(?:alpha|beta)?)\0/ }],
  },
  {
    name: 'zstd',
    path: new RegExp(`(?:^|/)(?:zstd|libzstd\\.so${soVersion})$`),
    evidence: [{ pattern: /\0v(1\.\d{1,2}\.\d{1,2})\0/ }, { pattern: /[^\w.-](1\.[3-9]\.\d{1,2})\0/ }],
  },
  { name: 'libpng', path: library('libpng\\d{0,2}'), evidence: [after('libpng version ', plain)] },
  {
    name: 'libjpeg-turbo',
    path: library('lib(?:turbo)?jpeg'),
    evidence: [
      after('libjpeg-turbo version ', plain),
      { anchor: 'libjpeg-turbo', pattern: /libjpeg-turbo[^\n]{0,40}version (\d\.\d{1,2}\.\d{1,2})/ },
    ],
  },
  {
    name: 'libtiff',
    path: library('libtiff'),
    evidence: [{ anchor: 'LIBTIFF, Version ', pattern: new RegExp(`LIBTIFF, Version (${plain})`) }],
  },
  { name: 'expat', path: library('libexpat'), evidence: [after('expat_', plain)] },
  { name: 'pcre2', path: library('libpcre2-8'), evidence: [{ pattern: /\0(10\.\d{2}) 20\d\d-\d\d-\d\d/ }] },
  {
    name: 'gnutls',
    path: library('libgnutls'),
    evidence: [{ anchor: 'GnuTLS', pattern: /\0(3\.\d{1,2}\.\d{1,2})\0/ }],
  },
  { name: 'libssh2', path: library('libssh2'), evidence: [after('libssh2_', plain)] },
  {
    name: 'ffmpeg',
    path: new RegExp(
      `(?:^|/)(?:ffmpeg|ffprobe|ffplay|lib(?:av\\w{3,12}|swresample|swscale)(?:-[0-9a-f]{8})?(?:\\.so${soVersion})?)$`,
    ),
    evidence: ffmpeg(),
  },
  {
    name: 'qtbase',
    path: new RegExp(`(?:^|/)libQt\\d?Core\\.so${soVersion}$`),
    evidence: [{ anchor: 'Qt ', pattern: new RegExp(`\\0Qt (${plain}) \\(`) }, after('QtCore library version ', plain)],
  },
  {
    name: 'heimdal',
    path: library('libkrb5'),
    evidence: [{ anchor: 'Heimdal', pattern: /[Hh]eimdal[- ](\d\.\d{1,2}(?:\.\d{1,2})?)/ }],
  },
  {
    name: 'krb5',
    path: library('lib(?:krb5|gssapi_krb5|k5crypto|krb5support)'),
    evidence: [{ anchor: 'KRB5_BRAND: ', pattern: /KRB5_BRAND: krb5-(1\.\d{1,2}(?:\.\d{1,2})?)-(?:final|beta)/ }],
  },
  {
    name: 'imagemagick',
    path: new RegExp(`(?:^|/)(?:magick|convert|libMagickCore-[\\w.]{1,12}\\.so${soVersion})$`),
    evidence: [after('ImageMagick ', '\\d\\.\\d\\.\\d{1,2}-\\d{1,3}')],
  },
];

function ffmpeg() {
  return [
    { anchor: 'FFmpeg version ', pattern: /FFmpeg version n?(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)/ },
    { anchor: '%s version ', pattern: /%s version n?(\d{1,2}\.\d{1,2}(?:\.\d{1,2})?)/ },
  ];
}
