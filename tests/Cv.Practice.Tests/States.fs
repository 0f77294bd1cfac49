/// What tests of saved states have in common.
module Cv.Tests.States

open System
open Cv.Dsl
open Cv.Runtime
open Expecto

/// Names, types and bits: all that a state is.
let contents (state: ModelState) = [
    for name in state.Names do
        let tensor = state[name]

        let bits =
            match tensor.DType with
            | DType.F32 -> tensor.ToArray<float32>() |> Array.map (BitConverter.SingleToInt32Bits >> int64)
            | DType.F64 -> tensor.ToArray<float>() |> Array.map BitConverter.DoubleToInt64Bits
            | DType.I32 -> tensor.ToArray<int>() |> Array.map int64
            | _ -> tensor.ToArray<bool>() |> Array.map (fun b -> if b then 1L else 0L)

        name, string tensor.Type, List.ofArray bits
]

/// The same names, types and bits; names the first tensor that is not.
let sameContents (actual: (string * string * int64 list) list) (expected: (string * string * int64 list) list) message =
    for a, e in List.zip (List.truncate expected.Length actual) (List.truncate actual.Length expected) do
        Expect.equal a e message

    Expect.hasLength actual expected.Length message
