/** A member of a layer tar made for a test; nothing about it is checked, so that hostile tars can be made too. */
export interface LayerEntry {
  readonly path: string;
  /** Default: `directory` when the path ends in `/`, else `file`. */
  readonly type?: 'file' | 'directory' | 'symlink' | 'hardlink' | 'char-device' | 'block-device' | 'fifo';
  readonly content?: string | Uint8Array;
  readonly link?: string;
  readonly mode?: number;
  readonly device?: readonly [major: number, minor: number];
  /** Records of a pax header written before the member. */
  readonly pax?: Readonly<Record<string, string>>;
  /** Writes the long name as GNU tar does, in place of a pax header. */
  readonly gnu?: boolean;
}

const flags = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  'char-device': '3',
  'block-device': '4',
  directory: '5',
  fifo: '6',
} as const;

/** An uncompressed layer tar of the given members, in the order given. Equal input gives equal bytes. */
export function layerTar(entries: readonly LayerEntry[]): Buffer {
  return Buffer.concat([...entries.flatMap(member), Buffer.alloc(1024)]);
}

/** A file as an entry: `file('etc/os-release', 'ID=debian')`. */
export function file(path: string, content: string | Uint8Array = ''): LayerEntry {
  return { path, content };
}

/** A symbolic link as an entry. */
export function symlink(path: string, link: string): LayerEntry {
  return { path, type: 'symlink', link };
}

function member(entry: LayerEntry): Buffer[] {
  const type = entry.type ?? (entry.path.endsWith('/') ? 'directory' : 'file');
  const content = Buffer.from(entry.content ?? '');
  const blocks: Buffer[] = [];
  const pax = { ...entry.pax };
  if (Buffer.byteLength(entry.path) > 100) {
    if (entry.gnu) blocks.push(...extension('L', Buffer.from(`${entry.path}\0`)));
    else pax.path ??= entry.path;
  }
  if (Buffer.byteLength(entry.link ?? '') > 100) {
    if (entry.gnu) blocks.push(...extension('K', Buffer.from(`${entry.link}\0`)));
    else pax.linkpath ??= entry.link!;
  }
  if (Object.keys(pax).length > 0) blocks.push(...extension('x', paxRecords(pax)));
  blocks.push(header({ ...entry, flag: flags[type], size: content.length }), content, padding(content.length));
  return blocks;
}

function extension(flag: string, data: Buffer): Buffer[] {
  return [header({ path: '././@LongLink', flag, size: data.length }), data, padding(data.length)];
}

function header(fields: Omit<LayerEntry, 'type'> & { flag: string; size: number }): Buffer {
  const block = Buffer.alloc(512);
  block.write(fields.path.slice(0, 100), 0, 100);
  block.write(octal(fields.mode ?? (fields.flag === '5' ? 0o755 : 0o644), 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(fields.size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write(fields.flag, 156);
  block.write((fields.link ?? '').slice(0, 100), 157, 100);
  block.write('ustar\x0000', 257);
  block.write(octal(fields.device?.[0] ?? 0, 7), 329);
  block.write(octal(fields.device?.[1] ?? 0, 7), 337);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148);
  return block;
}

function paxRecords(records: Readonly<Record<string, string>>): Buffer {
  return Buffer.concat(
    Object.entries(records).map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      const bare = Buffer.byteLength(rest);
      // The length counts its own digits.
      let length = bare + String(bare).length;
      if (bare + String(length).length !== length) length++;
      return Buffer.from(`${length}${rest}`);
    }),
  );
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function padding(size: number): Buffer {
  return Buffer.alloc((512 - (size % 512)) % 512);
}
