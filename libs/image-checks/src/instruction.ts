import type { CheckedImage } from './check.ts';

/** One instruction of the build, as far as the image's history tells. */
export interface Instruction {
  /** "RUN", "ADD", "COPY", "ENV" …; the other words of the Dockerfile reference, or "RUN" for a bare command. */
  readonly verb: string;
  readonly argument: string;
  /** Build arguments that a RUN saw, by name: builders write their values into the history. */
  readonly buildArguments: readonly string[];
  /** Index of the layer it made, where that is known. */
  readonly layer?: number;
}

/** Longest instruction that is looked at; of a longer one only the beginning. */
const maxLength = 64 * 1024;

/** The instructions of an image's history, oldest first; of images without history those of its layers. */
export function instructionsOf({ config, layers }: CheckedImage): Instruction[] {
  const made = config.history.filter((step) => !step.isEmpty).length;
  // A history of another length says nothing about single layers.
  const isAligned = made === layers.length;
  let layer = 0;
  return config.history.map(({ createdBy, isEmpty }) => {
    const instruction = parseInstruction(createdBy.slice(0, maxLength));
    return isEmpty || !isAligned ? instruction : { ...instruction, layer: layer++ };
  });
}

/**
 * An instruction as Docker's classic builder (`/bin/sh -c #(nop) ADD …`, `|1 A=b /bin/sh -c …`), BuildKit
 * (`RUN … # buildkit`, `RUN |1 A=b /bin/sh -c …`) and buildah (`/bin/sh -c …`) write it.
 */
export function parseInstruction(createdBy: string): Instruction {
  const text = createdBy.trim().replace(/\s+# buildkit$/, '');
  const classic = /^\/bin\/sh -c #\(nop\)\s*([A-Z]+)\s?/.exec(text);
  if (classic) return { verb: classic[1]!, argument: text.slice(classic[0].length).trim(), buildArguments: [] };
  const word =
    /^(FROM|RUN|CMD|LABEL|EXPOSE|ENV|ADD|COPY|ENTRYPOINT|VOLUME|USER|WORKDIR|ARG|ONBUILD|STOPSIGNAL|HEALTHCHECK|SHELL|MAINTAINER)\s+/.exec(
      text,
    );
  const verb = word?.[1] ?? 'RUN';
  const rest = word ? text.slice(word[0].length) : text;
  if (verb !== 'RUN') return { verb, argument: rest, buildArguments: [] };
  const shell = rest.indexOf('/bin/sh -c ');
  const before = shell > 0 && rest.startsWith('|') ? rest.slice(0, shell) : '';
  const buildArguments = [...before.matchAll(/(?:^|\s)([A-Za-z_][A-Za-z0-9_]{0,127})=/g)].map((found) => found[1]!);
  const argument = shell >= 0 && (before !== '' || shell === 0) ? rest.slice(shell + '/bin/sh -c '.length) : rest;
  return { verb, argument, buildArguments };
}
