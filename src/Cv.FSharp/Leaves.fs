namespace Cv.FSharp

open Cv.Dsl

/// Makes the nodes that graphs start from.
[<AutoOpen>]
module Leaves =
    /// Makes an f32 input, given by name at each call: `input "x" [ N; D 784 ]`.
    let input name dims = Expr.Input(name, shape dims)

    /// Makes an input of another dtype.
    let inputOf dtype name dims = Expr.Input(name, shape dims, dtype)

    /// Makes an input of one i32 label for each example: i32[N].
    let labels name = inputOf DType.I32 name [ N ]

    /// Makes an f32 parameter that starts as the initialiser says: `parameter "w" [ 784; 10 ] Initialiser.He`.
    let parameter name dims (initialiser: Initialiser) =
        Expr.Parameter(name, fixedShape dims, initialiser)

    /// Makes an f32 state whose elements start as `fill`: it lives between calls and is not trained.
    let state name dims (fill: float) = Expr.State(name, fixedShape dims, fill)

    /// Makes an f32 scalar.
    let constant (value: float) = Expr.Const value

    /// Makes an f32 array from its elements, row-major: `literal [ 2; 2 ] [ 1.0; 2.0; 3.0; 4.0 ]`.
    let literal dims (values: float list) =
        Expr.Literal(fixedShape dims, List.toArray values)

    /// Draws an f32 tensor evenly from [0, 1), by a count of steps, i32[], and the key of a stream.
    let uniform dims step (key: uint32) = Expr.Uniform(shape dims, step, key)
