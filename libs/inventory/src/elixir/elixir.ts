import { Declarations, type DeclaredParse } from '../declared.ts';
import { textOf } from '../document.ts';
import { fileCataloguer } from '../file-cataloguer.ts';

const maxApplication = 1024 * 1024;

/** Applications of Erlang and Elixir, in releases too: `ebin/name.app`. */
export const elixirCataloguer = fileCataloguer({
  name: 'elixir',
  type: 'hex',
  evidence: 'package-metadata',
  wants: (path) => (path.endsWith('.app') && /(?:^|\/)ebin\/[^/]+$/.test(path) ? maxApplication : undefined),
  parse: parseApplication,
});

/** Applications that come with Erlang/OTP and Elixir themselves and not from Hex. */
const otp = new Set(
  (
    'asn1 common_test compiler crypto debugger dialyzer diameter edoc eldap erl_docgen erl_interface erts et eunit ftp ' +
    'inets jinterface kernel megaco mnesia observer odbc os_mon parsetools public_key reltool runtime_tools sasl snmp ' +
    'ssh ssl stdlib syntax_tools tftp tools wx xmerl eex elixir ex_unit iex logger mix'
  ).split(' '),
);

/** The application of a resource file (app(4)): `{application, name, [{vsn, "1.0"}, …]}`. */
export function parseApplication(...[content, path, warnings]: Parameters<DeclaredParse>) {
  const text = textOf(content);
  const name = /\{\s{0,99}application\s{0,99},\s{0,99}'?([A-Za-z0-9_@.-]{1,256})'?/.exec(text)?.[1];
  const version = /\{\s{0,99}vsn\s{0,99},\s{0,99}"([^"\n]{1,256})"/.exec(text)?.[1];
  if (!name) throw new TypeError('is no application resource');
  // An application that was never given a version is part of the project at hand.
  if (!version) return [];
  const declarations = new Declarations(path, warnings);
  declarations.add(name, version, otp.has(name) ? { type: 'otp' } : {});
  return declarations.list;
}
