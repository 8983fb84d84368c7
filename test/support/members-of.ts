import { readFileSync } from 'node:fs'
import ts from 'typescript'

/** The names of an interface, read from its file: a table that forgets one is noticed. */
export const membersOf = (file: string, name: string): readonly string[] => {
  const tree = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest)
  const found = tree.statements.find(node => ts.isInterfaceDeclaration(node) && node.name.text === name)
  if (found === undefined || !ts.isInterfaceDeclaration(found)) throw new Error(`${file} has no ${name}`)
  return found.members.flatMap(member => (member.name && ts.isIdentifier(member.name) ? member.name.text : []))
}
