/// Runs graphs by the compiler, and by its interpreter.
module Cv.Tests.Run

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime

let private tensor (dtype: DType) (dims: Shape) (values: float[]) = Tensor.From(dims, values).Cast dtype

/// The bindings of a graph's inputs, each in its dtype; numbers for what it does not read are passed over.
let bind (outputs: Expr list) (values: (string * float[]) list) =
    let read =
        Cv.Compiler.Graph(Array.ofList outputs).ForInference().Outputs |> List.ofSeq

    let leaves = dict (Evaluate.named read |> List.distinct)

    [|
        for name, numbers in values do
            match leaves.TryGetValue name with
            | true, leaf -> Binding(name, tensor leaf.DType leaf.Shape numbers)
            | _ -> ()
    |]

let private numbers (tensors: Tensor seq) = [
    for tensor in tensors do
        tensor.ToDoubles()
]

let interpreted (outputs: Expr list) values =
    Interpreter.Run(Cv.Compiler.Graph(Array.ofList outputs), null, bind outputs values)
    |> numbers

let compiled (width: VectorWidth) threads (outputs: Expr list) values =
    let options = CompileOptions(Threads = threads, Width = width)
    let f = Compile.Function(Cv.Compiler.Graph(Array.ofList outputs), options)
    f.Call(bind outputs values) |> numbers

let widths = [ VectorWidth.Bits128; VectorWidth.Bits256; VectorWidth.Bits512 ]

let private same (a: float) (b: float) =
    a.Equals b && (Double.IsNaN a || Double.IsNegative a = Double.IsNegative b)

/// The same bits, but for those of a NaN.
let identical (a: float[] list) (b: float[] list) = List.forall2 (Array.forall2 same) a b

let private magnitude (values: float[]) =
    values
    |> Array.map abs
    |> Array.filter Double.IsFinite
    |> Array.append [| 0.0 |]
    |> Array.max

/// Within so many parts of the largest number of an output, or of 1 where that is less (a difference that cancels is no larger for it); NaN where
/// NaN is, infinity where infinity is.
let near (relative: float) (actual: float[] list) (expected: float[] list) =
    let close scale (a: float) (b: float) =
        a.Equals b || a = b || abs (a - b) <= relative * scale

    List.forall2 (fun a b -> Array.forall2 (close (max 1.0 (magnitude b))) a b) actual expected
