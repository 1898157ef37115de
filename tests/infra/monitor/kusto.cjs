// Microsoft's own parser of KQL. A line of standard input: {"tables": {NAME: {COLUMN: TYPE}}, "queries": {NAME:
// TEXT}}. A line of standard output: for each query what the parser finds wrong with it, the columns that it
// gives, and what it names: tables, properties that are read, and literals that are compared.
"use strict";

const path = require("path");
const modules = process.argv[2];
require(path.join(modules, "@kusto/language-service-next/bridge.min.js"));
require(path.join(modules, "@kusto/language-service-next/Kusto.Language.Bridge.min.js"));
const { KustoCode, GlobalState, Symbols, Syntax } = globalThis.Kusto.Language;
const is = globalThis.Bridge.is;

require("readline")
    .createInterface({ input: process.stdin })
    .on("line", (line) => process.stdout.write(JSON.stringify(answers(JSON.parse(line))) + "\n"));

function answers(input) {
    const tables = Object.entries(input.tables).map(([name, columns]) =>
        Symbols.TableSymbol.From(
            "(" + Object.entries(columns).map(([column, type]) => `['${column}']: ${type}`).join(", ") + ")"
        ).WithName(name)
    );
    const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor2("workspace", null, tables));
    const found = {};
    for (const [name, text] of Object.entries(input.queries)) {
        const code = KustoCode.ParseAndAnalyze(text, globals);
        found[name] = {
            faults: [...items(code.GetDiagnostics())].map((fault) => ({
                line: text.slice(0, fault.Start).split("\n").length,
                message: fault.Message,
            })),
            columns: columns(code.ResultType),
            statements: statements(code.Syntax, input.tables),
        };
    }
    return found;
}

function* items(list) {
    for (let index = 0; index < list.Count; index++) yield list.getItem(index);
}

function columns(type) {
    const found = {};
    if (type && type.Columns) for (const column of items(type.Columns)) found[column.Name] = column.Type.Name;
    return found;
}

function all(node, kind) {
    return [...items(node.GetDescendants(Syntax.SyntaxNode))].filter((child) => is(child, kind));
}

// What each statement names: a `let` and what follows it are read apart, as the rows that they filter are others.
function statements(root, tables) {
    return [...items(root.GetDescendants(Syntax.Statement))].map((statement) => {
        const derived = new Map();
        for (const named of all(statement, Syntax.SimpleNamedExpression)) {
            const key = property(named.Expression);
            if (key !== null) derived.set(named.Name.SimpleName, key);
        }
        return {
            tables: all(statement, Syntax.NameReference)
                .filter((name) => is(name.ReferencedSymbol, Symbols.TableSymbol))
                .map((name) => name.SimpleName)
                // what a `let` names is a table, too
                .filter((name) => name in tables),
            properties: all(statement, Syntax.ElementExpression)
                .map(property)
                .filter((key) => key !== null),
            compared: all(statement, Syntax.BinaryExpression)
                .map((node) => comparison(derived, node.Left, node.Operator, [node.Right]))
                .concat(
                    all(statement, Syntax.InExpression).map((node) =>
                        comparison(derived, node.Left, node.Operator, [...items(node.Right.Expressions)].map((part) => part.Element$1 ?? part.Element))
                    )
                )
                .filter((found) => found !== null),
        };
    });
}

// The key of `Properties["key"]`, with whatever converts it around.
function property(node) {
    if (is(node, Syntax.FunctionCallExpression)) {
        const [first] = all(node, Syntax.ElementExpression);
        return first ? property(first) : null;
    }
    if (!is(node, Syntax.ElementExpression) || node.Expression.toString().trim() !== "Properties") return null;
    const [literal] = all(node.Selector, Syntax.LiteralExpression);
    return literal ? literal.LiteralValue : null;
}

// A column, or a property, that is compared with texts.
function comparison(derived, left, operator, right) {
    const texts = right.filter((node) => is(node, Syntax.LiteralExpression)).map((node) => node.LiteralValue).filter((value) => typeof value === "string");
    if (texts.length === 0) return null;
    const name = left.toString().trim();
    const key = property(left) ?? derived.get(name) ?? null;
    return { column: key === null ? name : null, property: key, operator: operator.Text, texts };
}
