/// What the checker prints compiles: graphs of every kind, as C# and as F#, by the SDK's own compilers.
module Cv.Tests.GraphCodeTests

open System
open System.Diagnostics
open System.IO
open System.Runtime.InteropServices
open Cv.Dsl
open Cv.Testing
open Expecto

/// A method of the user, public, so that printed code can call it.
module Own =
    let square (x: float32) = x * x

let private gates: ScalarGate list = [
    yield! GateTests.gallery |> List.map (fun (_, make) -> make ())
    Gate.Define(
        "conditions",
        fun (x: float) ->
            if x > 1.0 && not (x = 2.0) || x < -3.5e-10 then
                -x
            else
                x % 2.0
    )
    Gate.Define(
        "functions",
        fun (x: float) ->
            Math.Cbrt x
            + Math.Atan2(x, 2.0)
            + SpecialFunctions.Erf x
            + Double.Exp2 x
            + Math.Floor x
    )
    Gate.Define("by hand \"quoted\"", (fun (x: float) -> x * sin x), (fun (x: float) (y: float) -> y / x + x * cos x))
    Gate.Define("two", fun (x: float32) (z: float32) -> MathF.Max(x, z) * 1e20f)
    Gate.Define("own", (fun (x: float32) -> Own.square x), (fun (x: float32) (y: float32) -> 2.0f * x + 0.0f * y))
    Gate.Define("infinite", fun (x: float) -> if x > 0.0 then infinity else nan)
]

/// An argument is printed with the body that it belongs to, and a user's managed code is not printed at all.
let private partsOfBodies = set [ "Argument"; "Custom" ]

let private cases: Expr list = [
    for op in Catalogue.ops do
        if not (Catalogue.isNamed op) && not (partsOfBodies.Contains op.Name) then
            for sample in Catalogue.samples op do
                if sample.DType.IsFloat() then
                    Subject.Prepare sample
    for gate in gates do
        gate.Of [| for i in 1 .. gate.Count -> Expr.Input($"x{i}", Shape.Of [ 2 ], DType.F64) |]
    for seed in 1..40 do
        let y = (RandomGraphs.Grow seed).Y

        if
            Expr.Nodes y
            |> Seq.forall (fun node -> not (partsOfBodies.Contains(node.Op.GetType().Name)))
        then
            y
    Expr.Parameter("w", Shape.Of [ 2; 3 ], Initialiser.Zeros, DType.F64).Sum()
    Expr.State("s", Shape.Of [ 2 ], 0.5, DType.F64) * 2.0
    Expr.Literal(Shape.Of [ 3 ], [| nan; infinity; -1e-300 |], DType.F64)
]

let private sdk =
    lazy
        (let root =
            Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."))

         Directory.GetDirectories(Path.Combine(root, "sdk"))
         |> Array.filter (fun sdk -> File.Exists(Path.Combine(sdk, "Roslyn", "bincore", "csc.dll")))
         |> Array.maxBy (fun sdk -> System.Version((Path.GetFileName sdk |> nonNull).Split('-')[0])))

let private references (own: string list) =
    Directory.GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll")
    |> Array.filter (fun dll ->
        let name = Path.GetFileName dll |> nonNull

        (name.StartsWith "System" || name = "mscorlib.dll" || name = "netstandard.dll")
        && not (name.Contains "Native"))
    |> List.ofArray
    |> List.append (own |> List.map (fun name -> Path.Combine(AppContext.BaseDirectory, name)))

/// Compiles a file; gives what the compiler says, nothing where it is content.
let private compile (compiler: string) (extension: string) (code: string) (arguments: string -> string list) =
    let folder = Directory.CreateTempSubdirectory "cv-code"

    try
        let source = Path.Combine(folder.FullName, "Printed" + extension)
        let made = Path.Combine(folder.FullName, "printed.dll")
        File.WriteAllText(source, code)

        let start =
            ProcessStartInfo(
                "dotnet",
                [ Path.Combine(sdk.Value, compiler); yield! arguments made; source ],
                RedirectStandardOutput = true,
                RedirectStandardError = true
            )

        use compiler = Process.Start start |> nonNull
        let error = compiler.StandardError.ReadToEndAsync()
        let output = compiler.StandardOutput.ReadToEnd()
        compiler.WaitForExit()
        if compiler.ExitCode = 0 then "" else output + error.Result
    finally
        folder.Delete true

let private printed = lazy (cases |> List.map (fun y -> y, Point.Random(1, y)))

let private indented (text: string) = text.Replace("\n", "\n    ")

let private ours = [ "Cv.Dsl.dll"; "Cv.Testing.dll"; "Cv.Runtime.dll"; "Cv.Compiler.dll"; "Cv.Tests.dll"; "FSharp.Core.dll" ]

[<Tests>]
let tests =
    testList "printed code" [
        testCase "compiles as C#"
        <| fun () ->
            let methods =
                printed.Value
                |> List.mapi (fun i (y, at) -> $"static void Case{i}() {{ {GraphCode.CSharp y}\n{at.CSharp()} }}")

            let code =
                "using System; using Cv.Dsl; using Cv.Testing;\nstatic class Printed {\n"
                + String.concat "\n" methods
                + "\n}"

            let said =
                compile "Roslyn/bincore/csc.dll" ".cs" code (fun made -> [
                    "-nologo"
                    "-target:library"
                    $"-out:{made}"
                    "-nostdlib"
                    "-langversion:latest"
                    "-nowarn:CS0219,CS1701,CS1702"
                    for dll in references ours do
                        $"-r:{dll}"
                ])

            Expect.equal said "" "what the compiler says"

        testCase "compiles as F#"
        <| fun () ->
            let functions =
                printed.Value
                |> List.mapi (fun i (y, at) -> $"let case{i} () =\n    {indented (GraphCode.FSharp y)}\n    {at.FSharp()}\n    y, at\n")

            let code =
                "module Printed\nopen System\nopen Cv.Dsl\nopen Cv.Testing\n"
                + String.concat "\n" functions

            let said =
                compile "FSharp/fsc.dll" ".fs" code (fun made -> [
                    "--nologo"
                    "--target:library"
                    $"--out:{made}"
                    "--noframework"
                    "--optimize-"
                    for dll in references ours do
                        $"-r:{dll}"
                ])

            Expect.equal said "" "what the compiler says"
    ]
