import { readFileSync } from 'node:fs';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';

interface Content {
  readonly schema?: object;
}

interface OpenApi {
  readonly paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, Content> }> }>>;
  readonly components: object;
}

/** Which answers an OpenAPI document allows. */
export class OpenApiAnswers {
  readonly #document: OpenApi;
  readonly #ajv: Ajv;

  constructor(file: string) {
    this.#document = parse(readFileSync(file, 'utf8')) as OpenApi;
    // A published document may hold keywords of its own, and misspelt ones.
    this.#ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(this.#ajv);
    this.#ajv.addSchema({ $id: 'file:///openapi', components: this.#document.components });
  }

  /** What is wrong with an answer to `operation` ("get /metadata"); undefined when nothing is. */
  fault(operation: string, answer: { status: number; type: string | null; text: string }): string | undefined {
    const [method = '', path = ''] = operation.split(' ');
    const declared = this.#document.paths[path]?.[method]?.responses[answer.status];
    if (!declared) return `status ${answer.status} is not declared`;
    if (!declared.content) return undefined;
    const content = declared.content[answer.type ?? ''];
    if (!content) return `media type ${answer.type} is not declared for ${answer.status}`;
    return this.#faultOf(content, answer.text);
  }

  #faultOf({ schema }: Content, text: string): string | undefined {
    const check = this.#compiled(schema ?? {});
    if (check(JSON.parse(text))) return undefined;
    return this.#ajv.errorsText(check.errors);
  }

  #compiled(schema: object): ValidateFunction {
    const absolute = JSON.stringify(schema).replaceAll('"#/', '"file:///openapi#/');
    return this.#ajv.compile(JSON.parse(absolute) as object);
  }
}
