/** What the doc comments of the public option interfaces say, read with the TypeScript compiler. */
import { join, relative } from 'node:path'
import ts from 'typescript'

const DOORS = ['src/index.ts', 'src/embedded/index.ts']
/** What an interface of options is called. */
const OPTIONS = /(?:Options|Config|Limits)$/

const textOf = (node, checker) => {
  const symbol = checker.getSymbolAtLocation(node.name)
  return ts.displayPartsToString(symbol?.getDocumentationComment(checker) ?? []).replace(/\s+/g, ' ')
}

/** A type as it is written; where its name stands for a choice of words, the words. */
const typeOf = (node, checker) => {
  const written = node.getText()
  if (ts.isTypeReferenceNode(node)) {
    const symbol = checker.getSymbolAtLocation(node.typeName)
    const named = symbol?.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    const alias = named?.declarations?.find(ts.isTypeAliasDeclaration)?.type.getText()
    return alias?.startsWith("'") ? alias.replace(/\s+/g, ' ') : written
  }
  return written.replace(/^\((.*)\) \| undefined$/, '$1').replace(/ \| undefined$/, '')
}

/** Rows of an interface: `{ name, type, isOptional, comment, where }`; members of an object written in place as `a.b`. */
const rowsOf = (node, checker, root, prefix = '') =>
  node.members.filter(ts.isPropertySignature).flatMap(member => {
    const file = member.getSourceFile()
    const { line } = file.getLineAndCharacterOfPosition(member.getStart())
    const name = prefix + member.name.getText()
    const row = {
      name,
      type: typeOf(member.type, checker),
      isOptional: member.questionToken !== undefined,
      comment: textOf(member, checker),
      where: `${relative(root, file.fileName).replaceAll('\\', '/')}:${line + 1}`,
    }
    return ts.isTypeLiteralNode(member.type)
      ? [{ ...row, type: 'object' }, ...rowsOf(member.type, checker, root, `${name}.`)]
      : [row]
  })

/** Rows of what an interface extends, as far as users cannot see that: what they can see has a table of its own. */
const inheritedRows = (node, checker, root, isExported) =>
  (node.heritageClauses ?? [])
    .flatMap(({ types }) => types)
    .flatMap(({ expression }) => checker.getSymbolAtLocation(expression)?.declarations ?? [])
    .filter(base => ts.isInterfaceDeclaration(base) && !isExported(base))
    .flatMap(base => rowsOf(base, checker, root))

/** Methods of an interface that take an argument that may be left out: `{ name, parameters, comment }`. */
const methodsOf = (node, checker) =>
  node.members
    .filter(ts.isMethodSignature)
    .filter(member => member.parameters.some(({ questionToken }) => questionToken !== undefined))
    .map(member => ({
      name: member.name.getText(),
      parameters: member.parameters.map(parameter => parameter.getText()).join(', '),
      comment: textOf(member, checker),
    }))

/** Interface ⇒ `{ comment, rows, methods }`, for all that the doors of the package export. */
export const optionInterfaces = root => {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), path => ts.sys.readFile(path))
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root)
  const doors = DOORS.map(door => join(root, door))
  const program = ts.createProgram(doors, options)
  const checker = program.getTypeChecker()
  const exported = doors
    .map(door => checker.getSymbolAtLocation(program.getSourceFile(door)))
    .flatMap(door => checker.getExportsOfModule(door))
    .map(symbol => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol))
  const nodes = exported.flatMap(symbol => symbol.declarations ?? []).filter(node => ts.isInterfaceDeclaration(node))
  const isExported = node => nodes.includes(node)
  const interfaces = nodes.map(node => {
    const rows = [...inheritedRows(node, checker, root, isExported), ...rowsOf(node, checker, root)]
    return [node.name.text, { comment: textOf(node, checker), rows, methods: methodsOf(node, checker) }]
  })
  return {
    interfaces: new Map(interfaces),
    named: interfaces.map(([name]) => name).filter(name => OPTIONS.test(name)),
  }
}
