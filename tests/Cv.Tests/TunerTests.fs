/// The tiles of products are chosen by a model, or measured; results are the same bits either way.
module Cv.Tests.TunerTests

open System
open System.Collections.Generic
open System.IO
open System.Text.Json
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private input name dims = Expr.Input(name, shape dims)

/// Products of each kind, none a multiple of any tile.
let private products = [
    "a product", (input "a" [ 37; 45 ]).MatMul(input "b" [ 45; 29 ])
    "a narrow product", (input "a" [ 50; 33 ]).MatMul(input "b" [ 33; 10 ])
    "a product of the transposed", (input "a" [ 45; 37 ]).Transpose(1, 0).MatMul((input "b" [ 70; 45 ]).Transpose(1, 0))
    "a batch of products", (input "a" [ 3; 13; 21 ]).MatMul(input "b" [ 3; 21; 19 ])
    for name, groups in [ "a convolution", 1; "a convolution in groups", 2 ] do
        let window = Window(3, 1, 1, 1)
        name, Expr.Of(Conv2d(window, window, groups), [| input "a" [ 2; 9; 9; 6 ]; input "b" [ 3; 3; 6 / groups; 22 ] |])

        name + ", by its input",
        Expr.Of(Conv2dInput(window, window, groups, 9, 9), [| input "a" [ 2; 9; 9; 22 ]; input "b" [ 3; 3; 6 / groups; 22 ] |])

        name + ", by its weights", Expr.Of(Conv2dWeights(window, window, groups), [| input "a" [ 2; 9; 9; 6 ]; input "b" [ 2; 9; 9; 22 ] |])
]

let private run (options: CompileOptions) (y: Expr) =
    let f = Compile.Function(Graph(y), options)

    f.Call [|
        for i in f.Inputs ->
            let values =
                Array.init i.Type.Shape.Size (fun k -> sin (float32 (k * 7 + i.Id.Length)))

            Binding(i.Id, Tensor.From(i.Type.Shape, values))
    |]
    |> fun outputs ->
        outputs[0].AsSpan<float32>().ToArray()
        |> Array.map BitConverter.SingleToInt32Bits

/// Runs a test on the path of a file that is not there yet, in a folder of its own.
let private inFile (test: string -> unit) () =
    let folder = Directory.CreateTempSubdirectory "cvdsl"

    try
        test (Path.Combine(folder.FullName, "tiles.json"))
    finally
        folder.Delete true

let private choices path =
    JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText path)
    |> nonNull

/// Picks "fast", and counts what it measured.
let private choose (path: string) key =
    let measured = ref 0

    let time name =
        measured.Value <- measured.Value + 1
        if name = "fast" then 1.0 else 2.0

    let chosen =
        Tuner.At(path).Choose(key, [| "slow"; "fast"; "slower" |], Func<_, _> id, Func<_, _> time)

    chosen, measured.Value

[<Tests>]
let bits =
    testList "any tile gives the same bits" [
        for width in [ VectorWidth.Bits128; VectorWidth.Bits256; VectorWidth.Bits512 ] do
            for name, y in products do
                testCase $"{name}, {int width} bits"
                <| fun () ->
                    let options = CompileOptions(Threads = 2, Width = width)
                    let expected = run options y

                    for struct (rows, vectors) in GemmTile.Candidates(Lanes(int width, DType.F32)) do
                        let tiled =
                            CompileOptions(Threads = 2, Width = width, Tile = struct (rows, vectors))

                        Expect.equal (run tiled y) expected $"tiles of {rows} rows of {vectors} vectors"
    ]

[<Tests>]
let choice =
    testList "tuner" [
        testCase "the fastest is taken, and measured once"
        <| inFile (fun path ->
            Expect.equal (choose path "k") ("fast", 3) "at first"
            Expect.equal (choose path "k") ("fast", 0) "again"
            Expect.equal (choose path "another") ("fast", 3) "of another shape")
        testCase "choices are read back from the file"
        <| inFile (fun path ->
            File.WriteAllText(path, """{ "k": "slower" }""")
            Expect.equal (choose path "k") ("slower", 0) "as noted"
            choose path "new" |> ignore
            Expect.equal ((choices path)["k"], (choices path)["new"]) ("slower", "fast") "the file")
        for name, text in [ "spoilt", "{"; "of another kind", "[1, 2]"; "of a tile long gone", """{ "k": "gone" }""" ] do
            testCase $"a file {name} counts as empty"
            <| inFile (fun path ->
                File.WriteAllText(path, text)
                Expect.equal (choose path "k") ("fast", 3) "measured"
                Expect.equal ((choices path)["k"]) "fast" "and noted")
        testCase "a file that cannot be written is done without"
        <| inFile (fun path ->
            Directory.CreateDirectory path |> ignore // a folder in its place
            Expect.equal (choose path "k") ("fast", 3) "measured"
            Expect.equal (choose path "k") ("fast", 0) "and remembered")
        testCase "a function that measures gives what the model's tiles give"
        <| inFile (fun path ->
            let y = (input "a" [ 40; 50 ]).MatMul(input "b" [ 50; 60 ]).Relu()
            let tuned = CompileOptions(Threads = 1, Autotune = true, TuneCache = path)
            Expect.equal (run tuned y) (run (CompileOptions(Threads = 1)) y) "bits"
            let key = Seq.exactlyOne (choices path).Keys
            Expect.stringContains key "1 threads; matmul f32[40,50] f32[50,60]" "the key")
    ]
