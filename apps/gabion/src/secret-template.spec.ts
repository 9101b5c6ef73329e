import { describe, expect, it } from '@jest/globals';
import { piecesOf, rendered, TemplateError } from './secret-template.ts';

const secrets = new Map([
  ['team/db', { user: Buffer.from('app'), password: Buffer.from(' p"w\n'), key: Buffer.from([0, 255, 10]) }],
]);
const render = (template: string) => rendered(piecesOf(template), secrets).toString('latin1');

describe('a template of secrets', () => {
  it.each([
    ['no braces { } }} at all', 'no braces { } }} at all'],
    ['', ''],
    ['a {{ secret "team/db" "user" }} b', 'a app b'],
    ['{{secret "team/db" "user"}}{{secret "team/db" "user"}}', 'appapp'],
    ['{{ secret "team/db" "password" }}', ' p"w\n'],
    ['{{ secret "team/db" "password" | json }}', '" p\\"w\\n"'],
    ['{{ secret "team/db" "password" | trim | json }}', '"p\\"w"'],
    ['{{ secret "team/db" "password" |trim|base64 }}', Buffer.from('p"w').toString('base64')],
    ['{{ secret "team/db" "key" | base64 }}', 'AP8K'],
    ['{{ secret "team/db" "key" | trim }}', '\u0000\u00ff'],
    ['{{ secret "team/db" "key" }}', '\u0000\u00ff\n'],
    ['{{\n  secret "team/db"\n  "user"\n}}', 'app'],
    ['{{ "{{" }} x {{ "}}" }} {{ "a \\"b\\" \\\\" }}', '{{ x }} a "b" \\'],
  ])('renders %j', (template, text) => {
    expect(render(template)).toBe(text);
  });

  it.each([
    ['a\nb {{ secret "team/db" "pasword" }}', 2, 3, 'secret_key_missing'],
    ['{{ secret "team/other" "user" }}', 1, 1, 'secret_key_missing'],
    ['{{ secret "team/db" "constructor" }}', 1, 1, 'secret_key_missing'],
    ['\n\n  {{ secret "team/db" }}', 3, 3, 'template_malformed'],
    ['{{ secret team/db user }}', 1, 1, 'template_malformed'],
    ['{{ env "HOME" }}', 1, 1, 'template_malformed'],
    ['{{ secret "team/db" "user" | upper }}', 1, 1, 'template_malformed'],
    ['{{ secret "team/db" "user" | }}', 1, 1, 'template_malformed'],
    ['{{ }}', 1, 1, 'template_malformed'],
    ['ok {{ secret "team/db" "user"', 1, 4, 'template_malformed'],
    ['ok {{ secret "team/db" "user }}', 1, 4, 'template_malformed'],
    ['{{ secret "team/db" "user" }} {{', 1, 31, 'template_malformed'],
    ['{{ secret "team/db" "key" | json }}', 1, 1, 'value_not_text'],
  ])('refuses %j, and says where', (template, line, column, code) => {
    const refused = () => render(template);
    expect(refused).toThrow(TemplateError);
    expect(refused).toThrow(expect.objectContaining({ code, place: { line, column } }));
  });

  it('names no value in its errors', () => {
    expect(() => render('{{ secret "team/db" "x" }}')).toThrow(
      expect.objectContaining({ message: 'team/db has no value x: user, password, key' }),
    );
  });
});
