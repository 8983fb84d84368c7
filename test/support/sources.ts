import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** A file of the repository, by its path from the root, with `/` on every platform. */
export interface Source {
  readonly path: string
  readonly text: string
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** What `.gitignore` names, and Git's own. */
const NOT_OURS = new Set(['.git', 'node_modules', 'dist', 'dist-examples', 'dist-bench', 'coverage', '.cache'])

/** Every file under a folder of the repository; without Git, so that it also works in an unpacked archive. */
export const filesUnder = (folder: string): readonly Source[] =>
  readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap(entry => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (NOT_OURS.has(entry.name)) return []
    if (entry.isDirectory()) return filesUnder(path)
    return entry.isFile() ? [{ path, text: readFileSync(join(ROOT, path), 'utf8') }] : []
  })

/** A finding as `path:line what`, for a position in the text. */
export const finding = ({ path, text }: Source, position: number, what: string): string =>
  `${path}:${text.slice(0, position).split('\n').length} ${what}`

/** Visits every node of the syntax tree: what stands in comments and strings is not code. */
export const eachNode = ({ path, text }: Source, visit: (node: ts.Node, tree: ts.SourceFile) => void): void => {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, false)
  const walk = (node: ts.Node): void => {
    visit(node, tree)
    ts.forEachChild(node, walk)
  }
  walk(tree)
}

/** The name that a call calls: `timer` of `timer(1)`, `rxjs.timer(1)` and `a.timer<number>(1)`. */
export const calledName = ({ expression }: ts.CallExpression): string | undefined => {
  if (ts.isIdentifier(expression)) return expression.text
  return ts.isPropertyAccessExpression(expression) ? expression.name.text : undefined
}

export interface Import {
  readonly from: string
  /** Erased by the compiler: nothing of it is there at run time. */
  readonly typeOnly: boolean
  readonly position: number
}

/** Imports, re-exports and `import()` of a file. */
export const importsOf = (source: Source): readonly Import[] => {
  const found: Import[] = []
  eachNode(source, (node, tree) => {
    const add = (module: ts.Node | undefined, typeOnly: boolean): void => {
      if (module !== undefined && ts.isStringLiteral(module)) {
        found.push({ from: module.text, typeOnly, position: module.getStart(tree) })
      }
    }
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause))
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly)
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true)
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false)
  })
  return found
}

const isTypeOnly = (clause: ts.ImportClause | undefined): boolean => {
  if (clause === undefined) return false // imported for its effects
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true
  const { name, namedBindings } = clause
  if (name !== undefined || namedBindings === undefined || !ts.isNamedImports(namedBindings)) return false
  return namedBindings.elements.length > 0 && namedBindings.elements.every(element => element.isTypeOnly)
}
