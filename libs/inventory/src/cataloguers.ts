import { cargoInstallCataloguer } from './cargo/cargo-install.ts';
import type { Cataloguer } from './cataloguer.ts';
import { condaCataloguer } from './conda/conda.ts';
import { dartCataloguer } from './dart/dart.ts';
import { dotnetCataloguer } from './dotnet/deps-json.ts';
import { nupkgCataloguer, nuspecCataloguer } from './dotnet/nuspec.ts';
import { elixirCataloguer } from './elixir/elixir.ts';
import { goCataloguer } from './go/go.ts';
import { haskellCataloguer } from './haskell/ghc-packages.ts';
import { homebrewCataloguer } from './homebrew/homebrew.ts';
import { javaCataloguer } from './java/java.ts';
import { juliaCataloguer } from './julia/julia.ts';
import { luaCataloguer } from './lua/lua.ts';
import { npmCataloguer, yarnCacheCataloguer } from './npm/npm.ts';
import { opamCataloguer } from './ocaml/opam.ts';
import { perlCataloguer } from './perl/perl.ts';
import { composerCataloguer } from './php/composer.ts';
import { pearCataloguer } from './php/pear.ts';
import { wordpressCataloguer } from './php/wordpress.ts';
import { bitnamiCataloguer } from './programs/bitnami.ts';
import { programCataloguer } from './programs/programs.ts';
import { pythonArchiveCataloguer, pythonCataloguer } from './python/python.ts';
import { rCataloguer } from './r/r.ts';
import { rpmCataloguer } from './rpm/rpm.ts';
import { rubyCataloguer } from './ruby/ruby.ts';
import { rustCataloguer } from './rust/rust.ts';
import { podsCataloguer } from './swift/pods.ts';
import { apkCataloguer } from './system/apk.ts';
import { dpkgCataloguer } from './system/dpkg.ts';
import { opkgCataloguer } from './system/opkg.ts';
import { pacmanCataloguer } from './system/pacman.ts';
import { vscodeCataloguer } from './vscode/vscode.ts';

/** All that looks for packages, in the order of its packages' weight: the system's own first. */
export const cataloguers: readonly Cataloguer[] = [
  dpkgCataloguer,
  apkCataloguer,
  rpmCataloguer,
  pacmanCataloguer,
  opkgCataloguer,
  npmCataloguer,
  yarnCacheCataloguer,
  pythonCataloguer,
  pythonArchiveCataloguer,
  rubyCataloguer,
  composerCataloguer,
  dotnetCataloguer,
  nuspecCataloguer,
  nupkgCataloguer,
  condaCataloguer,
  rCataloguer,
  luaCataloguer,
  dartCataloguer,
  elixirCataloguer,
  perlCataloguer,
  cargoInstallCataloguer,
  haskellCataloguer,
  homebrewCataloguer,
  juliaCataloguer,
  opamCataloguer,
  pearCataloguer,
  wordpressCataloguer,
  podsCataloguer,
  vscodeCataloguer,
  javaCataloguer,
  goCataloguer,
  rustCataloguer,
  bitnamiCataloguer,
  programCataloguer,
];
