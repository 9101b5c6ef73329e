import { SaxesParser } from 'saxes';
import { maxComponents } from '../sbom.ts';
import { SbomError } from '../sbom-error.ts';

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const maxDepth = 200;
const maxElements = maxComponents * 20;

/** A CycloneDX document in XML as its JSON form would have it, as far as `readCycloneDx` looks. Throws SbomError. */
export function cycloneDxOfXml(text: string): Record<string, unknown> {
  const root = elementOf(text);
  const [, version] = /^http:\/\/cyclonedx\.org\/schema\/bom\/(\d+\.\d+)$/.exec(root.attributes.xmlns ?? '') ?? [];
  if (root.name !== 'bom' || !version) throw new SbomError('sbom_format_unknown', 'no bom of CycloneDX');
  const subject = childOf(childOf(root, 'metadata'), 'component');
  return {
    specVersion: version,
    ...(subject && { metadata: { component: componentOf(subject) } }),
    components: listOf(root, 'components').map(componentOf),
  };
}

function elementOf(text: string): Element {
  const parser = new SaxesParser();
  const top: Element = { name: '', attributes: {}, children: [], text: '' };
  const stack = [top];
  let count = 0;
  parser.on('error', (error) => {
    throw new SbomError('sbom_malformed', `no XML: ${error.message.slice(0, 200)}`);
  });
  // No entities but XML's own are known to saxes, so there is nothing to expand; a document type is refused all the same.
  parser.on('doctype', () => {
    throw new SbomError('sbom_malformed', 'a document type');
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (stack.length > maxDepth) throw new SbomError('sbom_too_deep', `elements nested deeper than ${maxDepth}`);
    if (++count > maxElements) throw new SbomError('sbom_too_large', `over ${maxElements} elements`);
    const element = {
      name: name.replace(/^[^:]*:/, ''),
      attributes: attributes as Record<string, string>,
      children: [],
      text: '',
    };
    stack.at(-1)!.children.push(element);
    stack.push(element);
  });
  parser.on('closetag', () => {
    stack.pop();
  });
  const take = (piece: string) => {
    stack.at(-1)!.text += piece;
  };
  parser.on('text', take);
  parser.on('cdata', take);
  parser.write(text).close();
  const [root] = top.children;
  if (!root) throw new SbomError('sbom_malformed', 'no element');
  return root;
}

function componentOf(element: Element): Record<string, unknown> {
  return {
    type: element.attributes.type,
    ...Object.fromEntries(['group', 'name', 'version', 'purl'].map((name) => [name, textOf(element, name)])),
    licenses: listOf(element, 'licenses').map((choice) =>
      choice.name === 'expression'
        ? { expression: choice.text.trim() }
        : { license: { id: textOf(choice, 'id'), name: textOf(choice, 'name') } },
    ),
    properties: listOf(element, 'properties').map(({ attributes, text }) => ({
      name: attributes.name,
      value: text.trim(),
    })),
    evidence: {
      occurrences: listOf(childOf(element, 'evidence'), 'occurrences').map((each) => ({
        location: textOf(each, 'location'),
      })),
    },
    components: listOf(element, 'components').map(componentOf),
  };
}

function childOf(element: Element | undefined, name: string): Element | undefined {
  return element?.children.find((child) => child.name === name);
}

function listOf(element: Element | undefined, name: string): readonly Element[] {
  return childOf(element, name)?.children ?? [];
}

function textOf(element: Element, name: string): string {
  return childOf(element, name)?.text.trim() ?? '';
}
