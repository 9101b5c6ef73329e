import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from '@swc/core';

/** Every package of the workspace with what its package.json declares and what its files import. */
export async function readTree(root) {
  const packages = [];
  for await (const file of glob('{apps,libs}/*/package.json', { cwd: root }))
    packages.push(await readPackage(root, file));
  return packages.sort((a, b) => a.folder.localeCompare(b.folder));
}

async function readPackage(root, file) {
  const folder = file.replace(/\/package\.json$/, '');
  const { name, dependencies = {}, devDependencies = {} } = JSON.parse(await readFile(join(root, file), 'utf8'));
  const files = [];
  for await (const path of glob(`${folder}/{src,test}/**/*.ts`, { cwd: root }))
    files.push({ path, ...(await readSource(join(root, path))) });
  return { folder, name, dependencies, devDependencies, files };
}

async function readSource(path) {
  const source = await readFile(path, 'utf8');
  const program = await parse(source, { syntax: 'typescript', decorators: true, target: 'esnext' });
  const seen = { imports: [], defaultExport: false, isBarrel: false, readsClock: false };
  walk(program.body, seen);
  const exports = program.body.filter((item) => /^Export/.test(item.type));
  const isReexport = (item) =>
    item.type === 'ExportAllDeclaration' || (item.type === 'ExportNamedDeclaration' && item.source);
  seen.isBarrel = program.body.length > 0 && exports.length === program.body.length && exports.every(isReexport);
  return seen;
}

function walk(node, seen) {
  if (Array.isArray(node)) {
    for (const each of node) walk(each, seen);
    return;
  }
  if (node === null || typeof node !== 'object') return;
  note(node, seen);
  for (const value of Object.values(node)) if (typeof value === 'object') walk(value, seen);
}

function note(node, seen) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      if (node.source) seen.imports.push(node.source.value);
      break;
    case 'TsImportType':
      seen.imports.push(node.argument.value);
      break;
    case 'CallExpression':
      if (node.callee.type === 'Import' && node.arguments[0]?.expression.type === 'StringLiteral')
        seen.imports.push(node.arguments[0].expression.value);
      if (isMember(node.callee, 'Date', 'now')) seen.readsClock = true;
      break;
    case 'NewExpression':
      if (node.callee.value === 'Date' && !node.arguments?.length) seen.readsClock = true;
      break;
    case 'ExportDefaultDeclaration':
    case 'ExportDefaultExpression':
      seen.defaultExport = true;
      break;
    default:
  }
}

function isMember(node, object, property) {
  return node.type === 'MemberExpression' && node.object.value === object && node.property.value === property;
}
