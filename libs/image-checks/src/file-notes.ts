import type { FileFacts, Inspector, Note } from '@gabion/rootfs/inspector';
import type { Analyzer } from '@gabion/rootfs/layer-contents';

/** A file whose mode or place is worth a look. */
export interface FileNote extends Note {
  readonly about: 'setuid' | 'setgid' | 'world-writable' | 'left-over';
  /** Permission bits: 0o4755. */
  readonly mode: number;
}

const setuidBit = 0o4000;
const setgidBit = 0o2000;
const worldWritableBit = 0o002;

/** Notes files by their mode and name; their bytes are not read. */
export const fileInspector: Inspector<FileNote> = {
  name: 'image-checks',
  inspect(file) {
    const about = aspectOf(file);
    return about && { end: () => [{ path: file.path, mode: file.mode, about }] };
  },
};

/** The accounts of the image. */
export const accountAnalyzer: Analyzer = {
  name: 'accounts',
  wants: (path) => (path === 'etc/passwd' || path === 'etc/shadow' ? 1024 * 1024 : undefined),
  // No hash of a password is kept, only whether there is one.
  reduce: (path, content) => (path === 'etc/shadow' ? withoutHashes(content) : content),
};

function aspectOf({ path, mode }: FileFacts): FileNote['about'] | undefined {
  if (mode & setuidBit) return 'setuid';
  // Without the execute bit of the group it only marks mandatory locking.
  if (mode & setgidBit && mode & 0o010) return 'setgid';
  if (mode & worldWritableBit && isSystemPath(path)) return 'world-writable';
  return isLeftOver(path) ? 'left-over' : undefined;
}

function isSystemPath(path: string): boolean {
  return /^(?:bin|sbin|lib|lib64|etc|boot|usr\/(?:local\/)?(?:bin|sbin|lib|libexec|etc))\//.test(path);
}

/** What a build needs and an image does not: it tells attackers about the source, and often holds more than was meant. */
function isLeftOver(path: string): boolean {
  if (/(?:^|\/)(?:node_modules|site-packages|dist-packages|vendor|usr\/share|usr\/lib)\//.test(path)) return false;
  return /(?:^|\/)(?:\.git\/config|\.svn\/entries|\.hg\/hgrc|Dockerfile|docker-compose\.ya?ml|\.env|\.bash_history|\.DS_Store)$/.test(
    path,
  );
}

function withoutHashes(content: Buffer): Buffer {
  const lines = content.toString('utf8').split('\n').slice(0, 10_000);
  return Buffer.from(
    lines
      .map((line) =>
        line
          .split(':')
          .slice(0, 2)
          .map((field, at) => (at === 1 && field !== '' ? 'x' : field))
          .join(':'),
      )
      .join('\n'),
  );
}
