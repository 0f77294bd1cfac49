namespace Cv.FSharp

open Cv.Dsl

// FS0077 warns of built-in numbers, which have comparisons without such a member; one side here is always an Expr, which has it.
#nowarn "77"

/// Adds the operators that F# does not find on Expr by itself. It finds + - * / and unary -, with float32 and float literals on either
/// side; exp, log, sqrt, abs, tanh and **; and &&& and ||| for masks.
[<AutoOpen>]
module ExprOperators =
    /// Multiplies matrices: `x *@ w + b`. Binds as tightly as *.
    let ( *@ ) (a: Expr) (b: Expr) = a.MatMul b

    /// Tests a < b elementwise, giving bool; either side may be a literal.
    let inline (.<) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member op_LessThan: ^a * ^b -> Expr) (a, b))

    /// Tests a > b elementwise, giving bool; either side may be a literal.
    let inline (.>) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member op_GreaterThan: ^a * ^b -> Expr) (a, b))

    /// Tests a <= b elementwise, giving bool; either side may be a literal.
    let inline (.<=) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member op_LessThanOrEqual: ^a * ^b -> Expr) (a, b))

    /// Tests a >= b elementwise, giving bool; either side may be a literal.
    let inline (.>=) (a: ^a) (b: ^b) : Expr =
        ((^a or ^b): (static member op_GreaterThanOrEqual: ^a * ^b -> Expr) (a, b))

    /// Tests a = b elementwise, giving bool.
    let (.=) (a: Expr) (b: Expr) = a.EqualTo b

    /// Tells where a mask does not hold.
    let complement (mask: Expr) = Expr.op_LogicalNot mask
