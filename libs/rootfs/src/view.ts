import type { Note, PlacedNote } from './inspector.ts';
import type { KeptEntry, LayerContents } from './layer-contents.ts';
import { ancestorsOf, cleanSegments, parentOf } from './path.ts';
import { pathHash } from './path-set.ts';

/** A layer of an image together with the digest of its uncompressed tar. */
export interface AppliedLayer {
  readonly diffId: string;
  readonly contents: LayerContents;
}

/** A file of the image as it is seen with all layers applied. */
export interface ViewFile {
  /** Path without links in it. */
  readonly path: string;
  readonly size: number;
  /** Absent when the file is over its analyzer's limit, or a hard link to something that was not kept. */
  readonly content?: Buffer;
  /** Index of the layer that holds it. */
  readonly layer: number;
}

/** One state of a path: what a layer made of it; `file` is absent where the layer removed it. */
export interface Version {
  readonly layer: number;
  readonly file?: ViewFile;
}

type NoteState = { -readonly [Key in keyof PlacedNote]: PlacedNote[Key] };

/** Linux gives up after 40 links (path_resolution(7)). */
const maxLinks = 40;

/** Applies layers in order, lowest first. */
export function apply(layers: readonly AppliedLayer[]): View {
  return new View(layers);
}

/** The wanted files of an image, with links resolved inside its root. */
export class View {
  readonly layers: readonly AppliedLayer[];
  readonly #files = new Map<string, ViewFile>();
  readonly #symlinks = new Map<string, string>();
  readonly #history = new Map<string, Version[]>();
  readonly #notes = new Map<string, NoteState[]>();
  /** Notes by the path at which their file is still in view. */
  readonly #inView = new Map<string, NoteState[]>();
  readonly #hashes = new Map<string, number>();

  constructor(layers: readonly AppliedLayer[]) {
    this.layers = layers;
    for (const [index, { contents }] of layers.entries()) this.#applyLayer(contents, index);
  }

  /** The kept files by canonical path. */
  get files(): ReadonlyMap<string, ViewFile> {
    return this.#files;
  }

  /** The file at a path, through links; undefined when it is not there, not kept, or behind a loop of links. */
  read(path: string): ViewFile | undefined {
    const resolved = this.resolve(path);
    return resolved === undefined ? undefined : this.#files.get(resolved);
  }

  /** The kept files below a directory, at any depth. */
  below(directory: string): ViewFile[] {
    const prefix = `${this.resolve(directory) ?? directory}/`;
    return [...this.#files.values()].filter((file) => file.path.startsWith(prefix));
  }

  /** What the layers made of a canonical path, lowest first. */
  history(path: string): readonly Version[] {
    return this.#history.get(path) ?? [];
  }

  /** What an inspector noted of the files of all layers, lowest first: also of those that a later layer removed. */
  notes<N extends Note = Note>(inspector: string): readonly PlacedNote<N>[] {
    return (this.#notes.get(inspector) ?? []) as readonly PlacedNote[] as readonly PlacedNote<N>[];
  }

  /** The path with every link in it followed, inside the root; undefined for a loop. */
  resolve(path: string): string | undefined {
    const waiting = cleanSegments(path).reverse();
    const done: string[] = [];
    let links = 0;
    while (waiting.length > 0) {
      const segment = waiting.pop()!;
      if (segment === '..') {
        done.pop();
        continue;
      }
      const target = this.#symlinks.get([...done, segment].join('/'));
      if (target === undefined) {
        done.push(segment);
        continue;
      }
      if (++links > maxLinks) return undefined;
      if (target.startsWith('/')) done.length = 0;
      waiting.push(...cleanSegments(target).reverse());
    }
    return done.join('/');
  }

  #applyLayer(contents: LayerContents, layer: number): void {
    this.#removeCovered(contents, layer);
    for (const entry of contents.entries) this.#add(entry, layer);
    this.#place(contents, layer);
  }

  #place(contents: LayerContents, layer: number): void {
    const fresh = new Map<string, NoteState[]>();
    for (const [inspector, notes] of Object.entries(contents.notes)) {
      const placed = notes.map((note): NoteState => {
        return { note, layer, path: this.#canonical(note.path) ?? note.path, isVisible: true };
      });
      for (const state of placed) append(fresh, state.path, [state]);
      append(this.#notes, inspector, placed);
    }
    for (const [path, states] of fresh) {
      this.#hide(path);
      this.#inView.set(path, states);
    }
  }

  #hide(path: string): void {
    for (const state of this.#inView.get(path) ?? []) state.isVisible = false;
    this.#inView.delete(path);
  }

  /** Removes what the layer deletes or replaces, in one pass over the kept paths however many whiteouts there are. */
  #removeCovered(contents: LayerContents, layer: number): void {
    const deleted = new Set(contents.whiteouts.map((path) => this.#canonical(path) ?? path));
    const opaque = new Set(contents.opaque.map((path) => this.resolve(path) ?? path));
    const isBelow = (directory: string) =>
      deleted.has(directory) || opaque.has(directory) || contents.nonDirectories.hasHash(this.#hashOf(directory));
    for (const path of new Set([...this.#files.keys(), ...this.#symlinks.keys(), ...this.#inView.keys()])) {
      const hash = this.#hashOf(path);
      const isGone =
        deleted.has(path) ||
        opaque.has('') ||
        contents.nonDirectories.hasHash(hash) ||
        contents.directories.hasHash(hash) ||
        ancestorsOf(path).some(isBelow);
      if (isGone) this.#remove(path, layer);
    }
  }

  #hashOf(path: string): number {
    const known = this.#hashes.get(path);
    if (known !== undefined) return known;
    const hash = pathHash(path);
    this.#hashes.set(path, hash);
    return hash;
  }

  #add(entry: KeptEntry, layer: number): void {
    const path = this.#canonical(entry.path);
    if (path === undefined) return;
    this.#symlinks.delete(path);
    if (entry.kind === 'symlink') {
      this.#remove(path, layer);
      this.#symlinks.set(path, entry.target);
      return;
    }
    this.#set({ ...this.#contentOf(entry), path, layer });
  }

  #contentOf(entry: Exclude<KeptEntry, { kind: 'symlink' }>): { size: number; content?: Buffer } {
    if (entry.kind === 'file') return { size: entry.size, content: entry.content };
    if (entry.kind === 'oversized') return { size: entry.size };
    const linked = this.#files.get(this.#canonical(entry.target) ?? entry.target);
    return linked?.content ? { size: linked.size, content: linked.content } : { size: linked?.size ?? 0 };
  }

  /** The path with the links of its directory followed, but not the last segment: what unpacking writes to. */
  #canonical(path: string): string | undefined {
    const directory = this.resolve(parentOf(path));
    if (directory === undefined) return undefined;
    const name = path.slice(path.lastIndexOf('/') + 1);
    return directory === '' ? name : `${directory}/${name}`;
  }

  #set(file: ViewFile): void {
    this.#hide(file.path);
    this.#files.set(file.path, file);
    this.#record(file.path, { layer: file.layer, file });
  }

  #remove(path: string, layer: number): void {
    this.#symlinks.delete(path);
    this.#hide(path);
    if (this.#files.delete(path)) this.#record(path, { layer });
  }

  #record(path: string, version: Version): void {
    const versions = this.#history.get(path);
    if (!versions) this.#history.set(path, [version]);
    // Removed and set again by one layer is one change.
    else if (versions.at(-1)!.layer === version.layer) versions[versions.length - 1] = version;
    else versions.push(version);
  }
}

function append<T>(lists: Map<string, T[]>, key: string, more: readonly T[]): void {
  const list = lists.get(key);
  if (!list) lists.set(key, [...more]);
  else for (const each of more) list.push(each);
}
