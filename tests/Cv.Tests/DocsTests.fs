/// What the documents say: their code is in programs that run, their links lead somewhere, and every law of the algebra is told.
module Cv.Tests.DocsTests

open System
open System.IO
open System.Text.RegularExpressions
open Expecto

/// The repository, where the tests run inside it.
let private root =
    Catalogue.sources
    |> Option.map (fun ops -> Path.GetFullPath(Path.Combine(ops, "..", "..", "..")))

let private files folder pattern =
    let made = Regex @"[\\/](bin|obj)[\\/]"

    Directory.GetFiles(folder, pattern, SearchOption.AllDirectories)
    |> Array.filter (made.IsMatch >> not)
    |> List.ofArray

/// The text of a file or of a block, without the margins of its lines.
let private plain (text: string) =
    text.Split '\n'
    |> Array.map _.Trim()
    |> Array.filter (fun line -> line <> "")
    |> String.concat "\n"

let private matches pattern text = [ for found in Regex.Matches(text, pattern, RegexOptions.Multiline) -> found.Groups[1].Value ]

let private documents root =
    Path.Combine(root, "README.md") :: files (Path.Combine(root, "docs")) "*.md"

let private testsOf root = [
    let sources =
        [ "src"; "examples"; "tests" ]
        |> List.collect (fun folder -> [ "*.cs"; "*.fs" ] |> List.collect (files (Path.Combine(root, folder))))
        |> List.map (File.ReadAllText >> plain)

    for document in documents root do
        let name = Path.GetRelativePath(root, document)
        let text = File.ReadAllText document

        testCase $"{name}: its code is in a program"
        <| fun () ->
            for block in text |> matches @"^```(?:csharp|fsharp)\n([^`]*)^```" do
                Expect.isTrue (sources |> List.exists _.Contains(plain block)) $"a file that holds\n{block}"

        testCase $"{name}: its links lead to files"
        <| fun () ->
            let folder = Path.GetDirectoryName document |> string

            for link in text |> matches @"\]\((?!\w+:|#)([^)#]+)[^)]*\)" do
                let target = Path.Combine(folder, link)
                Expect.isTrue (Path.Exists target) link

    let semantics =
        File.ReadAllText(Path.Combine(root, "docs", "SEMANTICS.md")).Replace("\\|", "|")

    for law in Seq.append Cv.Compiler.StableForms.Laws Cv.Compiler.FastMath.Laws do
        testCase $"docs/SEMANTICS.md: {law.Text}"
        <| fun () -> Expect.isTrue (semantics.Contains law.Text) law.Text

    for op in files (Path.Combine(root, "src", "Cv.Dsl", "Ops")) "*.cs" do
        let laws =
            File.ReadAllText op
            |> matches @"(?:=>|: null;).* // (.+?)(?: \([^()\n]* [^()\n]*\))?$"

        if not laws.IsEmpty then
            testCase $"docs/SEMANTICS.md: the laws of {Path.GetFileNameWithoutExtension op}"
            <| fun () ->
                for law in laws do
                    Expect.isTrue (semantics.Contains law) law
]

[<Tests>]
let tests = testList "docs" (root |> Option.map testsOf |> Option.defaultValue [])
