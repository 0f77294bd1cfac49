/// What docs/SEMANTICS.md promises of compiled numbers: bits where it says bits, NaN, infinities and empty tensors.
module Cv.Tests.SemanticsTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck
open FsCheck.FSharp

let private widthOf seed = Run.widths[seed % 3]

/// Numbers of every magnitude that the dtype has, subnormal ones too, and now and then something odd.
let private wild (dtype: DType) (random: Random) count =
    Array.init count (fun _ ->
        match random.Next 12 with
        | 0 -> random.GetItems([| 0.0; -0.0; infinity; -infinity; nan; 1.0; -1.0 |], 1)[0]
        | _ when dtype = DType.F32 -> float (BitConverter.Int32BitsToSingle(random.Next(Int32.MinValue, Int32.MaxValue)))
        | _ -> BitConverter.Int64BitsToDouble(random.NextInt64(Int64.MinValue, Int64.MaxValue)))

let private exactly what (actual: float[] list) expected =
    if not (Run.identical actual expected) then
        failtest $"{what}\nexpected %A{expected}\nactual %A{actual}"

/// Ops that round once, on two operands.
let private roundOnce: (string * (Expr -> Expr -> Expr)) list = [
    "add", (fun a b -> a + b)
    "sub", (fun a b -> a - b)
    "mul", (fun a b -> a * b)
    "div", (fun a b -> a / b)
    "neg", (fun a _ -> -a)
    "abs", (fun a _ -> a.Abs())
    "sqrt", (fun a b -> a.Abs().Sqrt() + b)
    "multiply and add", (fun a b -> a * b + a)
    "a chain", (fun a b -> ((a - b) / (a * 0.3) + 1.0) * b)
    "less", (fun a b -> Expr.op_LessThan (a, b))
    "less or equal", (fun a b -> Expr.op_LessThanOrEqual (a, b))
    "greater", (fun a b -> Expr.op_GreaterThan (a, b))
    "greater or equal", (fun a b -> Expr.op_GreaterThanOrEqual (a, b))
    "equal", _.EqualTo
    "not equal", _.NotEqualTo
    "not less", (fun a b -> Expr.op_LogicalNot (Expr.op_LessThan (a, b)))
    "select", (fun a b -> Expr.Select(Expr.op_LessThan (a, b), a, b))
    "to f32 and back", (fun a b -> (a.Cast DType.F32).Cast(a.DType) - b)
]

let private arithmetic =
    testList "arithmetic has the interpreter's bits" [
        for name, op in roundOnce do
            testProperty name
            <| Prop.forAll seed (fun seed ->
                let random = Random seed
                let dtype = if random.Next 2 = 0 then DType.F32 else DType.F64
                let count = random.Next(1, 70)
                let outputs = [ op (Expr.Input("a", shape [ count ], dtype)) (Expr.Input("b", shape [ count ], dtype)) ]
                let values = [ "a", wild dtype random count; "b", wild dtype random count ]
                let used = Evaluate.named outputs |> List.map fst
                let values = values |> List.filter (fun (name, _) -> List.contains name used)
                exactly (DTypes.Text dtype) (Run.compiled (widthOf seed) 1 outputs values) (Run.interpreted outputs values))
    ]

/// The same number, but for the sign of a zero: those are unspecified where two meet.
let private sameButZeros (a: float) (b: float) = a.Equals b || a = b

let private extremes =
    testList "extremes are exact, and let NaN through" [
        let check name (op: Expr -> Expr -> Expr) =
            testProperty name
            <| Prop.forAll seed (fun seed ->
                let random = Random seed
                let dtype = if random.Next 2 = 0 then DType.F32 else DType.F64
                let rows, columns = random.Next(1, 12), random.Next(1, 40)

                let leaf name =
                    Expr.Input(name, shape [ rows; columns ], dtype)

                let outputs = [ op (leaf "a") (leaf "b") ]
                let values = [ "a", wild dtype random (rows * columns); "b", wild dtype random (rows * columns) ]
                let actual = Run.compiled (widthOf seed) (1 + seed % 2) outputs values
                List.forall2 (Array.forall2 sameButZeros) actual (Run.interpreted outputs values))

        check "maximum" _.Maximum
        check "minimum" _.Minimum
        check "relu" (fun a _ -> a.Relu())
        check "maximum of a constant NaN" (fun a _ -> a.Maximum nan)
        check "minimum of a constant NaN" (fun a _ -> (a.Like nan).Minimum a)
        check "sign" (fun a _ -> a.Sign())
        check "largest of a row" (fun a _ -> a.Max 1)
        check "smallest of a column" (fun a _ -> a.Min 0)
        check "largest of all" (fun a _ -> a.Max())
        check "smallest of what was computed" (fun a b -> (a - b).Min 1)
        check "place of the largest" (fun a _ -> a.ArgMax 1)
        check "place of the largest, by columns" (fun a b -> (a - b).ArgMax 0)
    ]

let private products =
    testList "a matrix product is a chain of fused multiply-adds" [
        for dtype in [ DType.F32; DType.F64 ] do
            testProperty (DTypes.Text dtype)
            <| Prop.forAll seed (fun seed ->
                let random = Random seed

                let extent () =
                    if random.Next 4 = 0 then
                        random.Next(60, 150)
                    else
                        random.Next(1, 40)

                let m, k, n = extent (), extent (), extent ()

                let a, b =
                    Expr.Input("a", shape [ m; k ], dtype), Expr.Input("b", shape [ k; n ], dtype)

                let at, bt =
                    Expr.Input("at", shape [ k; m ], dtype), Expr.Input("bt", shape [ n; k ], dtype)

                let transpose rows columns (values: float[]) =
                    tensor [ columns; rows ] (fun i -> values[i[1] * columns + i[0]])

                let left = (numbers seed [ m * k ]).Head |> Array.map (float32 >> float)
                let right = (numbers (seed / 2) [ k * n ]).Head |> Array.map (float32 >> float)

                let expected =
                    tensor [ m; n ] (fun i -> Sums.ofProducts dtype (fun j -> left[i[0] * k + j]) (fun j -> right[j * n + i[1]]) k)

                let values = [ "a", left; "b", right; "at", transpose m k left; "bt", transpose k n right ]
                let outputs = [ a.MatMul b; at.T().MatMul b; a.MatMul(bt.T()); at.T().MatMul(bt.T()); a.MatMul(b).Relu() ]
                let plain = List.replicate 4 expected
                let relu = Array.map (max 0.0) expected
                exactly $"{m} {k} {n}" (Run.compiled (widthOf seed) (1 + seed % 3) outputs values) (plain @ [ relu ]))
    ]

let private functions: (string * (Expr -> Expr)) list = [
    "exp", _.Exp()
    "log", _.Abs().Log()
    "tanh", _.Tanh()
    "sigmoid", _.Sigmoid()
    "erf", _.Erf()
    "log1p", _.Abs().Log1p()
    "expm1", _.Expm1()
    "sin", _.Sin()
    "cos", _.Cos()
    "pow", _.Abs().Pow(1.7)
]

let private lanes =
    testList "a function has one result, whatever the width and the lane" [
        for name, f in functions do
            for dtype in [ DType.F32; DType.F64 ] do
                testCase $"{name} in {DTypes.Text dtype}"
                <| fun () ->
                    let random = Random 5
                    let values = Array.init 61 (fun _ -> 40.0 * random.NextDouble() - 20.0)
                    let order = Array.init 61 id
                    random.Shuffle order
                    let outputs = [ f (Expr.Input("x", shape [ 61 ], dtype)) ]

                    let run width values =
                        Run.compiled width 1 outputs [ "x", values ] |> List.head

                    let first = run VectorWidth.Bits128 values

                    for width in Run.widths do
                        let shuffled = run width (order |> Array.map (fun i -> values[i]))
                        exactly $"{width}" [ shuffled ] [ order |> Array.map (fun i -> first[i]) ]
    ]

let private empty =
    let none = Expr.Input("x", shape [ 0; 3 ], DType.F64)

    let same name (outputs: Expr list) =
        testCase name (fun () ->
            let values = [ "x", [||] ]
            exactly name (Run.compiled VectorWidth.Bits256 2 outputs values) (Run.interpreted outputs values))

    testList "empty tensors" [
        same "elementwise" [ none * 2.0 + 1.0; Expr.op_GreaterThan (none, 0.0) ]
        same "sums" [ none.Sum(); none.Sum 0; none.Sum 1; none.Mean(); none.Mean 0; none.Tanh().Mean() + 1.0 ]
        same "products" [ none.MatMul(none.T()); none.T().MatMul none ]
        same "movement" [ none.T(); none.Reshape(3, 0); Expr.Concat(0, none, none); none.Pad(0, 1, 1); none.Slice(1, 0, 2) ]
        same "joined with more" [ Expr.Concat(0, none, Expr.Literal(shape [ 1; 3 ], [| 1.0; 2.0; 3.0 |], DType.F64)).Sum 0 ]
    ]

/// What one kernel makes for itself, another still has to write where it is asked for.
let private shared =
    let c = Expr.Input("c", shape [ 1; 1 ], DType.F64)
    let x = Expr.Input("x", shape [ 2; 3 ], DType.F64)
    let one = c.Abs().Reshape(Shape.Scalar)

    testList "outputs that others use" [
        for name, outputs in
            [
                "by a scalar", [ 1.0 - one; c.Abs() ]
                "by a scalar, first", [ c.Abs(); 1.0 - one ]
                "by a loop", [ x * one; c.Abs() ]
                "by a fold", [ (x * one).Sum 1; c.Abs(); one ]
                "by a product", [ x.MatMul(x.T()) * one; c.Abs() ]
                "by each other", [ one; one.Exp(); one.Exp() * x ]
            ] do
            testCase name
            <| fun () ->
                let values = [ "c", [| -0.5 |]; "x", [| 1.0; 2.0; 3.0; -4.0; 5.0; 6.0 |] ]
                let actual = Run.compiled VectorWidth.Bits256 1 outputs values
                Expect.isTrue (Run.near 1e-14 actual (Run.interpreted outputs values)) $"%A{actual}"
    ]

/// A number that a kernel does not compute still has to be written where a movement, a product or an output reads it.
let private constants =
    let one = Expr.Const(1.5, DType.F64)
    let x = Expr.Input("x", shape [ 1; 2 ], DType.F64)

    let forms: (string * (int list -> Expr)) list = [
        "a repeated constant", (fun dims -> one.BroadcastTo(shape dims))
        "a reshaped constant", (fun dims -> one.Reshape(shape (dims |> List.map (fun _ -> 1))).BroadcastTo(shape dims))
        "a constant array", (fun dims -> Expr.Literal(shape dims, Array.init (size dims) float, DType.F64))
        "a count", (fun dims -> Expr.Iota(shape dims, 0, DType.F64))
    ]

    testList "constants that others read" [
        for name, form in forms do
            for dims in [ [ 1; 1 ]; [ 1; 2 ]; [ 3; 1 ]; [ 2; 2 ] ] do
                testCase $"{name} of {dims[0]} by {dims[1]}"
                <| fun () ->
                    let c = form dims

                    let outputs = [
                        c
                        c.T()
                        c.Reshape(-1)
                        c.Reshape(1, -1).T()
                        c.Pad(0, 1, 1)
                        c.Slice(1, 0, 1)
                        c.MatMul(c.T())
                        Expr.Concat(0, c, c.Pad(0, 0, 1))
                        c.Sum 0
                        c.ArgMax 1
                        c.Tanh().T()
                        if dims[0] = 1 then
                            c.T().MatMul x
                    ]

                    let values = if dims[0] = 1 then [ "x", [| 2.0; 3.0 |] ] else []
                    let actual = Run.compiled VectorWidth.Bits256 1 outputs values
                    Expect.isTrue (Run.near 1e-14 actual (Run.interpreted outputs values)) $"%A{actual}"
    ]

[<Tests>]
let tests =
    testList "semantics" [ arithmetic; extremes; products; lanes; empty; constants; shared ]
