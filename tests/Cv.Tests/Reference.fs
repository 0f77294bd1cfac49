/// Arrays the obvious way, by formulas over indices: what the ops are tested against.
module Cv.Tests.Reference

open System
open System.Globalization
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

/// Every index of a tensor, row-major.
let rec indices dims =
    match dims with
    | [] -> [ [] ]
    | dim :: rest -> [
        for i in 0 .. dim - 1 do
            for tail in indices rest do
                i :: tail
      ]

/// A tensor from a formula over its indices.
let tensor dims f =
    indices dims |> List.map f |> Array.ofList

/// The element at an index. A scalar has one element for all of them, and a dim of 1 repeats.
let element (dims: int list) (values: float[]) index =
    if dims.IsEmpty then
        values[0]
    else
        values[(0, dims, index)
               |||> List.fold2 (fun place dim i -> place * dim + (if dim = 1 then 0 else i))]

let size dims = List.fold (*) 1 dims
let known (shape: Shape) = List.ofArray (shape.ToArray())
let f64 name dims = Expr.Input(name, shape dims, DType.F64)

let vector values =
    Expr.Literal(shape [ List.length values ], Array.ofList values, DType.F64)

let matrix rows =
    Expr.Literal(shape [ List.length rows; List.head rows |> List.length ], rows |> List.concat |> Array.ofList, DType.F64)

/// A NaN is what is expected where a NaN is; a zero must have its sign.
let sameNumbers (actual: float seq) (expected: float seq) message =
    let text (values: float seq) =
        values
        |> Seq.map (fun value -> value.ToString("R", CultureInfo.InvariantCulture))
        |> String.concat " "

    Expect.equal (text actual) (text expected) message

/// A graph without inputs has this shape and these elements.
let gives name (expr: Expr) dims expected =
    testCase name (fun () ->
        Expect.equal expr.Shape (shape dims) "the shape"
        sameNumbers (Evaluate.value [] expr) expected "the elements")
