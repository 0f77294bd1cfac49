/// What Op.Simplify says keeps type and value: for every op, on every small expression that its rules might look at, and at numbers such as NaN.
module Cv.Tests.AlgebraTests

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private odd = [| nan; infinity; -infinity; 0.0; -0.0; 1.0; -1.0; 2.5; -0.75; 1e-3 |]
let private x = Expr.Input("x", shape [ 10; 10 ], DType.F64)
let private y = Expr.Input("y", shape [ 10; 10 ], DType.F64)

/// Every pair of odd numbers.
let private bindings = [
    "x",
    [|
        for a in odd do
            for _ in odd -> a
    |]
    "y",
    [|
        for _ in odd do
            for b in odd -> b
    |]
    "s", [| -2.0 |]
]

let private constants =
    [ 0.0; -0.0; 1.0; -1.0; 2.0; 0.5; nan ]
    |> List.map (fun value -> Expr.Const(value, DType.F64))

let private atoms =
    [ x; y; -x; -y; x - y; x.Abs(); Expr.Input("s", Shape.Scalar, DType.F64) ]
    @ constants

let private binary: (Expr -> Expr -> Expr) list = [
    (fun a b -> a + b)
    (fun a b -> a - b)
    (fun a b -> a * b)
    (fun a b -> a / b)
    _.Pow
    _.Maximum
    _.Minimum
    (fun a b -> Expr.op_LessThan (a, b))
    (fun a b -> Expr.op_LessThanOrEqual (a, b))
    (fun a b -> Expr.op_GreaterThan (a, b))
    (fun a b -> Expr.op_GreaterThanOrEqual (a, b))
    _.EqualTo
    _.NotEqualTo
]

let private unary: (Expr -> Expr) list = [
    (fun x -> -x)
    _.Abs()
    _.Sign()
    _.Exp()
    _.Log()
    _.Sqrt()
    _.Tanh()
    _.Sigmoid()
    _.Erf()
    _.Log1p()
    _.Expm1()
    _.Sin()
    _.Cos()
    _.StopGradient()
]

let private apply f (x: Expr) =
    if x.DType = DType.Bool then Expr.op_LogicalNot x else f x

/// An operation on two atoms, a function of that, and a function of a function of an atom.
let private elementwise = [
    for op in binary do
        for a in atoms do
            for b in atoms do
                let y = op a b
                y
                yield! unary |> List.map (fun op -> apply op y)

    for outer in unary do
        for inner in unary do
            yield! atoms |> List.map (inner >> outer)
]

let private masks =
    let mask = Expr.op_LessThan (x, y)
    let no = Expr.op_LogicalNot

    [
        for a in [ x; y; Expr.Const(1.0, DType.F64) ] do
            for b in [ x; -x; Expr.Const(1.0, DType.F64) ] do
                for mask in [ mask; no mask; no (no mask); Expr.op_BitwiseAnd (mask, no mask); Expr.op_BitwiseOr (mask, mask) ] do
                    Expr.Select(mask, a, b)

        no (no mask)
        mask.Cast(DType.F64).Cast DType.Bool
    ]

/// Movement that does nothing, or that another undoes.
let private movement =
    let of' op (x: Expr) = Expr.Of(op, [| x |])
    let square = shape [ 10; 10 ]
    let row = x.Slice(0, 3, 1)

    [
        of' (Reshape square) x
        x.Reshape(100, 1).Reshape(10, 10)
        x.Reshape(5, 20).Reshape(20, 5)
        of' (Broadcast square) x
        of' (Broadcast square) (of' (Broadcast square) row)
        of' (Broadcast square) (of' (Broadcast(shape [ 1; 10 ])) (x.Slice(0, 3, 1).Slice(1, 3, 1)))
        x.T().T()
        x.Transpose(0, 1)
        x.Reshape(2, 5, 10).Transpose(2, 0, 1).Transpose(1, 0, 2)
        x.Slice(0, 0, 10)
        x.Slice(1, 2, 3, 2)
        x.Pad(0, 0, 0)
        x.Pad(1, 1, 2, 1)
        x.Flip 0
        x.Flip(1).Flip 1
        x.Flip(1).Flip 0
        (x.Sum([| 0 |], true)).Flip 0
        Expr.Concat(1, x)
        Expr.Concat(0, x, y)
        of' (Cast DType.F64) x
        x.Cast(DType.F32).Cast(DType.F64)
        Expr.Of(Extent(square, DType.F64), [||])
        x.Mean()
        x.Sum [| 0 |]
    ]

/// Windows over the odd numbers as an image of one channel.
let private windows =
    let image = x.Reshape(1, 10, 10, 1)
    let other = y.Reshape(1, 10, 10, 1)
    let one, three = Window 1, Window(3, 2, 1, 0)
    let of' op (operands: Expr list) = Expr.Of(op, Array.ofList operands)

    let filters =
        Expr.Literal(shape [ 3; 3; 1; 2 ], [| for i in 1..18 -> float i - 8.5 |], DType.F64)

    [
        image.Pad(1, 1, 2).Conv2d(filters, three, three)
        image.Pad(2, 2, 1).Pad(1, 0, 1).Conv2d(filters, three, Window(3, 1, 0, 1, 2))
        image.Pad(1, 1, 2, 1).Conv2d(filters, three, three)
        image.MaxPool2d(one, one)
        of' (MaxPool2d(one, one)) [ image; other ]
        of' (MaxPool2dInput(one, one)) [ image; other ]
        image.SumPool2d(one, Window(1, Dilation = 3))
        of' (SumPool2dInput(one, one, 10, 10)) [ image ]
    ]

/// The same number, but for a zero's sign and the last bit of a power.
let private same (a: float) (b: float) =
    a.Equals b || a = b || abs (a - b) <= 1e-15 * abs a

let private keeps (fired: HashSet<string>) (node: Expr) =
    match node.Op.Simplify node with
    | null -> ()
    | simpler ->
        fired.Add(node.Op.GetType().Name) |> ignore
        Expect.isFalse (obj.ReferenceEquals(simpler, node)) $"unchanged means null: {Evaluate.text [ node ]}"
        Expect.equal simpler.Type node.Type $"the type of {Evaluate.text [ node ]}"
        let values = Evaluate.program [ node; simpler ] bindings

        if not (Array.forall2 same values[0] values[1]) then
            let place = Array.map2 same values[0] values[1] |> Array.findIndex not

            failtest
                $"{Evaluate.text [ node ]}\nis not\n{Evaluate.text [ simpler ]}\nat %A{bindings |> List.map (fun (name, v) -> name, v[place % v.Length])}: {values[0][place]} and {values[1][place]}"

/// Applies rules until none fires.
let private settle (node: Expr) =
    let mutable current, steps = node, 0

    while steps < 50 && not (isNull (box (current.Op.Simplify current))) do
        current <- nonNull (current.Op.Simplify current)
        steps <- steps + 1

    Expect.isLessThan steps 50 $"the rules come to an end on {Evaluate.text [ node ]}"

/// Values that are one, and values that wait.
let private bundles =
    let s = Expr.Input("s", Shape.Scalar, DType.F64)
    let pack (a: Expr) = Expr.Of(Pack(), [| a; s |])

    let part index whole =
        Expr.Of(Part(Parts.Of(ReadOnlySpan [| x.Type; s.Type |]), index), [| whole |])

    [ part 0 (pack x); part 1 (pack x); part 0 (pack x + pack y); Expr.Const(2.0, DType.F64).Delay x ]

let private all = elementwise @ masks @ movement @ windows @ bundles

[<Tests>]
let tests =
    testList "algebra" [
        testCase "rules keep type and value, and every op's rules fire"
        <| fun () ->
            let fired = HashSet()
            all |> List.distinct |> List.iter (keeps fired)

            let expected =
                Catalogue.ops |> List.filter (Catalogue.overrides "Simplify") |> List.map _.Name

            Expect.sequenceEqual (fired |> Seq.sort) expected "ops whose rules fired"

        testCase "rules come to an end"
        <| fun () -> all |> List.distinct |> List.iter settle
    ]
