/// The vector functions of compiled kernels against the library's f64 functions, over a sweep of their whole range, at every width.
module Cv.Tests.VectorMathTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.Generators
open Expecto

let private widths = [ VectorWidth.Bits128; VectorWidth.Bits256; VectorWidth.Bits512 ]

let private apply (dtype: DType) (f: Expr -> Expr) width (values: float[]) =
    let x = Expr.Input("x", shape [ values.Length ], dtype)
    let run = Compile.Function(Graph(f x), CompileOptions(Threads = 1, Width = width))
    let at = Tensor.From(shape [ values.Length ], values).Cast dtype
    at.ToDoubles(), run.Call(Binding("x", at)).[0].ToDoubles()

/// The distance between neighbours of the exact result, in the dtype.
let private ulp (dtype: DType) (exact: float) =
    if dtype = DType.F32 then
        let x = MathF.Abs(float32 exact)
        float (MathF.BitIncrement x) - float x
    else
        Math.BitIncrement(abs exact) - abs exact

let private sweep (low: float) (high: float) count =
    Array.init count (fun i -> low + (high - low) * float i / float (count - 1))

let private within name (f: Expr -> Expr) (exact: float -> float) (dtype: DType) allowed (values: float[]) = [
    for width in widths ->
        testCase $"{name} {dtype} {width}" (fun () ->
            let at, got = apply dtype f width values

            for i in 0 .. at.Length - 1 do
                let want = exact at.[i]

                let want =
                    if dtype = DType.F32 && abs want > float Single.MaxValue then
                        float (float32 want)
                    else
                        want

                if Double.IsNaN want then
                    Expect.isTrue (Double.IsNaN got.[i]) $"NaN at {at.[i]}, not {got.[i]}"
                elif Double.IsInfinity want then
                    Expect.equal got.[i] want $"at {at.[i]}"
                else
                    let error = abs (got.[i] - want) / ulp dtype want
                    Expect.isTrue (error <= allowed) $"{error:F2} ulp at {at.[i]:R}: {got.[i]:R} for {want:R}")
]

let private special = [| 0.0; -0.0; 1.0; -1.0; nan; infinity; -infinity; 1e-45; -1e-45; 1e-30; 1e30; -1e30 |]

[<Tests>]
let tests =
    testList "vector functions" [
        yield! within "exp" (fun x -> x.Exp()) Math.Exp DType.F32 2.0 (Array.append special (sweep -110.0 90.0 60_001))
        yield! within "exp" (fun x -> x.Exp()) Math.Exp DType.F64 2.0 (Array.append special (sweep -750.0 712.0 40_001))
        yield! within "tanh" (fun x -> x.Tanh()) Math.Tanh DType.F32 4.0 (Array.append special (sweep -12.0 12.0 60_001))
        yield! within "tanh" (fun x -> x.Tanh()) Math.Tanh DType.F64 4.0 (Array.append special (sweep -22.0 22.0 40_001))
        yield!
            within
                "sigmoid"
                (fun x -> x.Sigmoid())
                (fun x -> 1.0 / (1.0 + Math.Exp -x))
                DType.F32
                4.0
                (Array.append special (sweep -80.0 40.0 60_001))
        yield! within "log" (fun x -> x.Log()) Math.Log DType.F32 2.0 (Array.append special (sweep 1e-4 200.0 60_001))
        yield! within "sqrt" (fun x -> x.Sqrt()) Math.Sqrt DType.F32 0.5 (Array.append special (sweep 0.0 200.0 10_001))
        testCase "exp 0 is 1, sigmoid 0 is 1/2" (fun () ->
            for dtype in [ DType.F32; DType.F64 ] do
                Expect.equal (apply dtype (fun x -> x.Exp()) VectorWidth.Auto [| 0.0 |] |> snd) [| 1.0 |] "exp 0"
                Expect.equal (apply dtype (fun x -> x.Sigmoid()) VectorWidth.Auto [| 0.0 |] |> snd) [| 0.5 |] "sigmoid 0")
    ]
