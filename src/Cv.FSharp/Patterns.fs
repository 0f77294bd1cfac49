namespace Cv.FSharp

open Cv.Dsl

/// Opens nodes for `match`: `match y with Node(:? Tanh, [ Add(x, Number b) ]) -> ...`.
[<AutoOpen>]
module Patterns =
    /// Gives a node's op and operands.
    let (|Node|) (e: Expr) = e.Op, List.ofSeq e.Operands

    let private one<'op when 'op :> Op> e =
        match e with
        | Node((:? 'op), [ x ]) -> Some x
        | _ -> None

    let private two<'op when 'op :> Op> e =
        match e with
        | Node((:? 'op), [ a; b ]) -> Some(a, b)
        | _ -> None

    /// Gives a constant's number.
    let (|Number|_|) (e: Expr) =
        match e.Op with
        | :? Const as c -> Some c.Value
        | _ -> None

    /// Gives the name of an input, a parameter or a state.
    let (|Name|_|) (e: Expr) =
        match e.Op with
        | :? Named as n -> Some n.Id
        | _ -> None

    /// Opens a + b.
    let (|Add|_|) e = two<Add> e

    /// Opens a - b.
    let (|Sub|_|) e = two<Sub> e

    /// Opens a * b.
    let (|Mul|_|) e = two<Mul> e

    /// Opens a / b.
    let (|Div|_|) e = two<Div> e

    /// Opens -x.
    let (|Neg|_|) e = one<Neg> e

    /// Opens a matrix product.
    let (|MatMul|_|) e = two<MatMul> e
