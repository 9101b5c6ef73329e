import { InspectionPass } from './inspection-pass.ts';
import type { Inspector } from './inspector.ts';
import type { Analyzer, KeptEntry, LayerContents } from './layer-contents.ts';
import type { LayerLimits } from './limits.ts';
import { ancestorsOf, baseOf, checkSymlink, hardLinkTarget, memberPath, parentOf } from './path.ts';
import { PathSet, pathHash } from './path-set.ts';
import { RootfsError } from './rootfs-error.ts';
import { expandSparse } from './sparse.ts';
import type { ContentSink, TarEntry } from './tar-parser.ts';

const whiteoutPrefix = '.wh.';
const opaqueMark = '.wh..wh..opq';

/**
 * Device files that images carry below `dev/`: the default devices of the OCI runtime specification and the console.
 * A runtime mounts its own `/dev` over them.
 */
const harmlessDevices = new Set(['1:3', '1:5', '1:7', '1:8', '1:9', '5:0', '5:1', '5:2']);

/** Who looks at the files of a layer. */
export interface Observers {
  readonly analyzers: readonly Analyzer[];
  readonly inspectors?: readonly Inspector[];
}

/** Gathers the contents of one layer from the members of its tar, in order. */
export class Collection {
  readonly #analyzers: readonly Analyzer[];
  /** Files that are wanted for the sake of a hard link to them, with its path, by which their analyzer knows them. */
  readonly #alsoWanted: ReadonlyMap<string, string>;
  readonly #limits: LayerLimits;
  readonly #kept = new Map<string, KeptEntry>();
  readonly #inspection: InspectionPass;
  /** How many kept entries and noted files stand below each directory. */
  readonly #heldBelow = new Map<string, number>();
  readonly #whiteouts = new Set<string>();
  readonly #opaque = new Set<string>();
  readonly #nonDirectories: number[] = [];
  readonly #directories: number[] = [];
  /** Targets of wanted hard links whose file went by without being wanted, each with a link that leads to it. */
  readonly missedTargets = new Map<string, string>();
  #entryCount = 0;
  #keptBytes = 0;
  #searched = 0;

  constructor(observers: Observers, limits: LayerLimits, alsoWanted: ReadonlyMap<string, string> = new Map()) {
    this.#analyzers = observers.analyzers;
    this.#limits = limits;
    this.#alsoWanted = alsoWanted;
    this.#inspection = new InspectionPass(observers.inspectors ?? [], limits, (path) => this.#hold(path));
  }

  /** Takes one member and answers where its content goes, if anybody looks at it. */
  add(entry: TarEntry): ContentSink | undefined {
    if (++this.#entryCount > this.#limits.maxEntries) {
      throw new RootfsError('too_many_entries', `the layer has over ${this.#limits.maxEntries} entries`);
    }
    const path = memberPath(entry.path, this.#limits);
    if (path === '') return undefined;
    if (baseOf(path).startsWith(whiteoutPrefix)) {
      this.#whiteout(path);
      return undefined;
    }
    this.#replace(path);
    if (entry.kind === 'directory') {
      this.#directories.push(pathHash(path));
      return undefined;
    }
    this.#dropBelow(path);
    if (this.#isDeviceWhiteout(path, entry)) {
      this.#whiteouts.add(path);
      return undefined;
    }
    this.#nonDirectories.push(pathHash(path));
    if (entry.kind === 'file') return joined(this.#file(path, entry), this.#inspection.sink(path, entry));
    if (entry.kind === 'symlink') this.#symlink(path, entry.linkTarget);
    else if (entry.kind === 'hardlink') this.#hardlink(path, entry.linkTarget);
    return undefined;
  }

  contents(bytes: number): LayerContents {
    return {
      entries: [...this.#kept.values()],
      whiteouts: [...this.#whiteouts],
      opaque: [...this.#opaque],
      nonDirectories: new PathSet(Float64Array.from(this.#nonDirectories)),
      directories: new PathSet(Float64Array.from(this.#directories)),
      ...this.#inspection.contents,
      entryCount: this.#entryCount,
      bytes,
    };
  }

  #whiteout(path: string): void {
    const directory = parentOf(path);
    const name = baseOf(path);
    this.#charge(path.length);
    if (name === opaqueMark) {
      this.#opaque.add(directory);
      return;
    }
    // Other names with two marks are AUFS bookkeeping (`.wh..wh.plnk`), which the image specification ignores.
    if (name.startsWith(whiteoutPrefix + whiteoutPrefix)) return;
    const deleted = name.slice(whiteoutPrefix.length);
    if (deleted === '' || deleted === '.' || deleted === '..') {
      throw new RootfsError('path_escapes', 'a whiteout names no file of its directory');
    }
    this.#whiteouts.add(directory === '' ? deleted : `${directory}/${deleted}`);
  }

  #isDeviceWhiteout(path: string, entry: TarEntry): boolean {
    if (entry.kind !== 'char-device' && entry.kind !== 'block-device') return false;
    const numbers = `${entry.deviceMajor}:${entry.deviceMinor}`;
    // overlayfs takes a 0/0 character device for a whiteout, and so does a runtime that unpacks this layer.
    if (entry.kind === 'char-device' && numbers === '0:0') return true;
    if (entry.kind === 'char-device' && path.startsWith('dev/') && harmlessDevices.has(numbers)) return false;
    throw new RootfsError('device_node', `${JSON.stringify(path)} is a ${entry.kind} ${numbers}`);
  }

  #file(path: string, entry: TarEntry): ContentSink | undefined {
    const wanting = (name: string) => this.#analyzers.find((each) => each.wants(name, entry.size) !== undefined);
    const wantedAs = wanting(path) ? path : (this.#alsoWanted.get(path) ?? path);
    const analyzer = wanting(wantedAs);
    const limit = analyzer?.wants(wantedAs, entry.size);
    if (limit === undefined) return undefined;
    if (entry.size > limit || entry.storedSize > limit + maxSparseOverhead) {
      this.#keep({ kind: 'oversized', path, size: entry.size }, 0);
      return undefined;
    }
    if (this.#keptBytes + entry.size > this.#limits.maxKeptBytes * 2) throw this.#tooMuchKept();
    // One allocation, where chunks to be joined would take twice the size of a package database of hundreds of MB.
    const stored = Buffer.allocUnsafeSlow(entry.storedSize);
    let filled = 0;
    return {
      write: (chunk) => {
        filled += chunk.copy(stored, filled);
      },
      end: () => {
        const whole = entry.sparse ? expandSparse(stored, entry.sparse) : stored;
        const content = analyzer?.reduce?.(wantedAs, whole) ?? whole;
        this.#keep({ kind: 'file', path, size: entry.size, content }, content.length);
        return undefined;
      },
    };
  }

  #symlink(path: string, target: string): void {
    checkSymlink(path, target, this.#limits);
    this.#keep({ kind: 'symlink', path, target }, target.length);
  }

  #hardlink(path: string, rawTarget: string): void {
    const target = hardLinkTarget(rawTarget, this.#limits);
    if (!this.#analyzers.some((analyzer) => analyzer.wants(path, 0) !== undefined)) return;
    const linked = this.#kept.get(target);
    if (linked?.kind === 'file' || linked?.kind === 'oversized') {
      this.#keep({ ...linked, path }, 0);
      return;
    }
    this.missedTargets.set(target, path);
    this.#keep({ kind: 'hardlink', path, target }, target.length);
  }

  #keep(entry: KeptEntry, bytes: number): void {
    this.#charge(entry.path.length + bytes);
    this.#kept.set(entry.path, entry);
    this.#hold(entry.path);
  }

  /** Forgets an earlier member of the same name: the last one counts. */
  #replace(path: string): void {
    if (this.#kept.delete(path)) this.#release(path);
    if (this.#inspection.delete(path)) this.#release(path);
  }

  /** Forgets what earlier members put below a path that is no directory any more. */
  #dropBelow(path: string): void {
    if (!this.#heldBelow.get(path)) return;
    this.#searched += this.#kept.size + this.#inspection.pathCount;
    if (this.#searched > maxSearched) {
      throw new RootfsError('layer_invalid', 'the layer replaces its own directories by files over and over');
    }
    const below = `${path}/`;
    for (const held of [...this.#kept.keys(), ...this.#inspection.paths])
      if (held.startsWith(below)) this.#replace(held);
  }

  #hold(path: string): void {
    for (const directory of ancestorsOf(path))
      this.#heldBelow.set(directory, (this.#heldBelow.get(directory) ?? 0) + 1);
  }

  #release(path: string): void {
    for (const directory of ancestorsOf(path)) this.#heldBelow.set(directory, this.#heldBelow.get(directory)! - 1);
  }

  #charge(bytes: number): void {
    // 64 bytes stand for the objects around each entry.
    this.#keptBytes += bytes + 64;
    if (this.#keptBytes > this.#limits.maxKeptBytes) throw this.#tooMuchKept();
  }

  #tooMuchKept(): RootfsError {
    return new RootfsError('layer_contents_too_large', `the layer has over ${this.#limits.maxKeptBytes} bytes to keep`);
  }
}

/** Content that goes to several places. */
function joined(first: ContentSink | undefined, second: ContentSink | undefined): ContentSink | undefined {
  if (!first || !second) return first ?? second;
  return {
    write(chunk) {
      first.write(chunk);
      second.write(chunk);
    },
    end() {
      const ending = first.end();
      const other = second.end();
      return ending && other ? Promise.all([ending, other]).then(() => {}) : (ending ?? other);
    },
  };
}

/** A sparse map stored in front of the data may make a member larger than its file. */
const maxSparseOverhead = 64 * 1024;

/** Builders never replace a directory that they have just written; a layer made to waste time would do it endlessly. */
const maxSearched = 20_000_000;
