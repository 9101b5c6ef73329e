import { SaxesParser } from 'saxes';
import { type Coordinates, isValid } from './coordinates.ts';

/** Reads `pom.properties`, which Maven writes into the archives that it builds. */
export function parsePomProperties(content: Buffer): Coordinates | undefined {
  const properties = new Map<string, string>();
  for (const line of content
    .toString('utf8')
    .split(/\r\n|\r|\n/)
    .slice(0, 200)) {
    const [, key, value] = /^\s*([A-Za-z.]{1,64})\s*[=:]\s*(.*)$/.exec(line.slice(0, 1024)) ?? [];
    // The format of java.util.Properties escapes `:` and `=`.
    if (key && value !== undefined) properties.set(key, value.replace(/\\([:=#! ])/g, '$1').trim());
  }
  const [groupId = '', artifactId = '', version = ''] = ['groupId', 'artifactId', 'version'].map((key) =>
    properties.get(key),
  );
  const found = { groupId, artifactId, version };
  return groupId !== '' && isValid(found) ? found : undefined;
}

const maxNesting = 100;
const maxTexts = 5000;

/** Reads the coordinates and licences of a `pom.xml`; group and version may come from the parent. */
export function parsePom(content: Buffer): Coordinates | undefined {
  const texts = elementTexts(content);
  if (!texts) return undefined;
  const first = (path: string) => texts.get(path)?.[0] ?? '';
  const own = (name: string) => first(`project/${name}`) || first(`project/parent/${name}`);
  const groupId = own('groupId');
  const resolved = (text: string) =>
    text.replace(/\$\{([\w.-]{1,128})\}/g, (whole, name: string) => {
      const ofProject = /^(?:project|pom)\.(?:(parent)\.)?(groupId|version)$/.exec(name);
      if (ofProject) return ofProject[1] ? first(`project/parent/${ofProject[2]}`) : own(ofProject[2]!);
      return first(`project/properties/${name}`) || whole;
    });
  const found = {
    groupId: resolved(groupId),
    artifactId: resolved(first('project/artifactId')),
    version: resolved(own('version')),
    licenses: (texts.get('project/licenses/license/name') ?? []).slice(0, 10).map((name) => name.slice(0, 256)),
  };
  return found.groupId !== '' && isValid(found) ? found : undefined;
}

/** The texts of the elements near the root by their path; undefined for what is not XML. Entities are not expanded. */
function elementTexts(content: Buffer): Map<string, string[]> | undefined {
  const texts = new Map<string, string[]>();
  const open: string[] = [];
  let text = '';
  let count = 0;
  const parser = new SaxesParser();
  let isBroken = false;
  parser.on('error', () => {
    isBroken = true;
  });
  parser.on('opentag', ({ name }) => {
    open.push(name.slice(name.indexOf(':') + 1).slice(0, 128));
    text = '';
    if (open.length > maxNesting) isBroken = true;
  });
  parser.on('text', (piece) => {
    text = piece.trim().slice(0, 1024);
  });
  parser.on('closetag', () => {
    const path = open.length <= 4 ? open.join('/') : '';
    open.pop();
    if (path === '' || text === '' || ++count > maxTexts) return;
    const known = texts.get(path);
    if (known) known.push(text);
    else texts.set(path, [text]);
    text = '';
  });
  for (const piece of piecesOf(content.toString('utf8'))) {
    parser.write(piece);
    if (isBroken) return undefined;
  }
  return texts;
}

/** In pieces, so that a broken file is given up early. */
function* piecesOf(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 16_384) yield text.slice(at, at + 16_384);
}
