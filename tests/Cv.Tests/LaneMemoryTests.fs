/// What loads and stores change: truth bytes and masks, numbers of one width and lanes of another, whole vectors and what is left at the end.
module Cv.Tests.LaneMemoryTests

open System
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private greater (a: Expr) (b: Expr) = Expr.op_GreaterThan (a, b)

/// Graphs that load or store what is not a lane, by the dtype of their lanes.
let private graphs (count: int) : (string * Expr list) list = [
    let leaf name dtype =
        Expr.Input(name, shape [ count ], dtype)

    let x, wide, mask, whole =
        leaf "x" DType.F32, leaf "w" DType.F64, leaf "m" DType.Bool, leaf "i" DType.I32

    "a mask stored", [ greater x (x * x) ]
    "a mask stored from f64 lanes", [ greater wide (wide * wide) ]
    "a mask loaded", [ Expr.Select(mask, x, -x) ]
    "a mask loaded into f64 lanes", [ Expr.Select(mask, wide, -wide) ]
    "masks joined", [ Expr.op_LogicalNot (Expr.op_BitwiseOr (mask, greater x x)) ]
    "f32 to f64", [ x.Cast DType.F64 * 3.0 ]
    "f64 to f32", [ (wide * 1e-3).Cast DType.F32; (wide * 1e300).Cast DType.F32 ]
    "i32 to f64", [ whole.Cast DType.F64 * 0.5 ]
    "f64 to i32", [ (wide * 1e3).Cast DType.I32 ]
    "i32 to f32", [ whole.Cast DType.F32 * 0.5f ]
    "f32 to i32", [ (x * 1e3f).Cast DType.I32 ]
]

let private values count = [
    let random = Random(count: int)

    let numbers () =
        Array.init count (fun _ -> random.NextDouble() * 4.0 - 2.0 |> float32 |> float)

    "x", numbers ()
    "w", numbers ()
    "m", Array.init count (fun _ -> float (random.Next 2))
    "i", Array.init count (fun _ -> float (random.Next(Int32.MinValue, Int32.MaxValue)))
]

[<Tests>]
let tests =
    testList "loads and stores that convert" [
        for width in Run.widths do
            testCase $"{width}"
            <| fun () ->
                for count in [ 1; 3; 7; 8; 9; 31; 67 ] do
                    for name, outputs in graphs count do
                        let actual = Run.compiled width 1 outputs (values count)
                        let expected = Run.interpreted outputs (values count)

                        if not (Run.identical actual expected) then
                            failtest $"{name}, {count} elements:\nexpected %A{expected}\nactual %A{actual}"
    ]
