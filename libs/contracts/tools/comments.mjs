// Writes gen/gabion/comments.ts: the comments of proto/, by full name. Descriptors in generated code do without them,
// and the OpenAPI document wants them as descriptions.
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const image = execFileSync('buf', ['build', '-o', '-'], { maxBuffer: 64 * 1024 * 1024 });
const { file } = fromBinary(FileDescriptorSetSchema, image);
const comments = Object.fromEntries(
  file
    .filter((each) => each.package.startsWith('gabion.'))
    .flatMap((each) =>
      (each.sourceCodeInfo?.location ?? []).flatMap(({ path, leadingComments }) => {
        const name = leadingComments && nameAt(each, path);
        return name ? [[name, textOf(leadingComments)]] : [];
      }),
    )
    .sort(([one], [other]) => (one < other ? -1 : 1)),
);
await writeFile(
  new URL('../gen/gabion/comments.ts', import.meta.url),
  `/** Comments of the contracts, by full name: "gabion.scan.v1.Scan.target". Generated. */\nexport const comments: Readonly<Record<string, string>> = ${JSON.stringify(comments, null, 2)};\n`,
);

/** What a path of SourceCodeInfo stands for: field numbers of descriptor.proto and indexes in turn. */
function nameAt(file, path) {
  const children = {
    file: { 4: 'messageType', 5: 'enumType', 6: 'service' },
    messageType: { 2: 'field', 3: 'nestedType', 4: 'enumType' },
    nestedType: { 2: 'field', 3: 'nestedType', 4: 'enumType' },
    enumType: { 2: 'value' },
    service: { 2: 'method' },
  };
  let at = file;
  let kind = 'file';
  const names = [file.package];
  for (let index = 0; index < path.length; index += 2) {
    kind = children[kind]?.[path[index]];
    at = kind && at[kind]?.[path[index + 1]];
    if (!at) return undefined;
    names.push(at.name);
  }
  return names.length > 1 ? names.join('.') : undefined;
}

function textOf(comment) {
  return comment
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .replace(/(?<=\S)\n(?=\S)/g, ' ')
    .trim();
}
