/// Products and convolutions whose rows and columns fill register tiles from one element to two whole tiles.
module Cv.Tests.TileEdgeTests

open System.Runtime.Intrinsics.X86
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Run
open Expecto

let private f32 (name: string) (dims: int list) =
    Expr.Input(name, Generators.shape dims, DType.F32)

let lanes (width: VectorWidth) = int width / 32

/// The rows and vectors of the largest tiles of a width, twice over, and one more.
let private rowsOf width = [ 1 .. 2 * (if lanes width = 16 then 24 else 12) + 1 ]

let columnsOf width = [ 1 .. 2 * 3 * lanes width + 1 ]

/// The shapes that vary in rows, and those that vary in columns.
let private edges width = [
    for m in rowsOf width do
        m, [ 1; lanes width; 2 * lanes width + 1 ][m % 3]

    for n in columnsOf width do
        (if n % 2 = 0 then 1 else 7), n
]

let private relu (x: Expr) = x.Maximum 0.0

/// Runs many small graphs as one, on one thread and on two or three, and compares with the interpreter. Vectors that the processor does not have are
/// slow to compile: of those, every sixth chunk will do.
let agrees (width: VectorWidth) (outputs: Expr list) =
    let emulated = int width > 256 && not Avx512F.IsSupported

    for index, part in List.indexed (List.chunkBySize 12 outputs) do
        if not emulated || index % 6 = 0 then
            let values = Evaluate.randomBindings 1 part
            let expected = interpreted part values
            let alone = compiled width 1 part values

            let found =
                List.map3 (fun (y: Expr) a b -> y, near 1e-5 [ a ] [ b ]) part alone expected

            for y, isNear in found do
                Expect.isTrue isNear $"{width}: {Evaluate.text [ y ]}"

            let threads = 2 + index % 2
            Expect.isTrue (identical (compiled width threads part values) alone) $"{width}: {threads} threads and 1 give the same bits"

/// An input's name tells its dims apart from others'.
let named (kind: string) (dims: int list) =
    f32 (kind + String.concat "x" (List.map string dims)) dims

let private products width = [
    for m, n in edges width do
        let a, b, bias = named "a" [ m; 5 ], named "b" [ 5; n ], named "bias" [ 1; n ]
        let at, bt = named "at" [ 5; m ], named "bt" [ n; 5 ]

        if (m + n) % 2 = 0 then
            relu (a.MatMul b + bias)
        else
            at.T().MatMul(bt.T())
]

/// The product is a matrix, and what follows it images.
let private reshaped width = [
    for m, n in edges width do
        if (m + n) % 2 = 1 then
            let a, b = named "a" [ 2 * m; 5 ], named "b" [ 5; n ]
            let y = (a.MatMul b).Reshape(1, 2, m, n)

            relu (
                y * named "scale" [ 1; 1; 1; n ] + named "residual" [ 1; 2; m; n ]
                - named "pixel" [ 1; 2; m; 1 ]
            )
]

let private batched width = [
    for m, n in edges width do
        if (m + n) % 4 = 0 then
            let a, b = named "a" [ 2; m; 3 ], named "b" [ 2; 3; n ]
            relu (a.MatMul b + named "bias" [ 1; 1; n ] - named "r" [ 2; m; 1 ])
]

let private convolutions width = [
    for pixels, filters in edges width do
        if (pixels + filters) % 3 = 0 then
            let stride = 1 + pixels % 2
            let y, x = Window(2, 1, 1, 0), Window(3, stride, 1, 1)
            let extent = (pixels - 1) * stride + 1
            let image, w = named "x" [ 2; 3; extent; 2 ], named "w" [ 2; 3; 2; filters ]
            let result = Expr.Of(Conv2d(y, x, 1), [| image; w |])
            let cotangent = named "dy" [ 2; 3; pixels; filters ]
            relu (result + named "b" [ 1; 1; 1; filters ])
            Expr.Of(Conv2dWeights(y, x, 1), [| image; cotangent |])

            // back to as many pixels and channels as there were forward
            let wide, v = named "dz" [ 2; 3; x.Count pixels; 3 ], named "v" [ 2; 3; filters; 3 ]
            relu (Expr.Of(Conv2dInput(y, x, 1, 3, pixels), [| wide; v |]))
]

let private depthwise width = [
    for channels in columnsOf width |> List.filter (fun c -> c % 2 = 1) do
        let w = Window(3, 1, 1, 1)
        let x, f = named "x" [ 1; 2; 3; channels ], named "f" [ 3; 3; 1; channels ]
        let y = Expr.Of(Conv2d(w, w, channels), [| x; f |])
        y
        Expr.Of(Conv2dInput(w, w, channels, 2, 3), [| x; f |])
        Expr.Of(Conv2dWeights(w, w, channels), [| x; x * 2.0 |])
]

let private pools width = [
    for channels in columnsOf width |> List.filter (fun c -> c % 2 = 1) do
        let w, x = Window(2, 2), named "x" [ 1; 4; 2; channels ]
        let y = Expr.Of(MaxPool2d(w, w), [| x; x |])
        relu y
        relu (Expr.Of(MaxPool2dInput(w, w), [| x; named "dy" [ 1; 2; 1; channels ] |]))
        Expr.Of(SumPool2d(Window(3, 1, 1, 1), w), [| x |])
]

[<Tests>]
let tests =
    testList "tile edges" [
        testCase "a batch of products of more than a block of depth"
        <| fun () ->
            let y = (named "a" [ 4; 20; 2700 ]).MatMul(named "b" [ 4; 2700; 9 ])
            agrees VectorWidth.Bits256 (List.replicate 3 y)

        for name, graphs in
            [
                "products", products
                "products seen as images", reshaped
                "batched products", batched
                "convolutions", convolutions
                "depthwise convolutions", depthwise
                "pools", pools
            ] do
            for width in widths do
                testCase $"{name} at {width}" <| fun () -> agrees width (graphs width)
    ]
