/// What each op computes, by hand and against index formulas.
module Cv.Tests.OpTests

open System
open System.Collections.Generic
open Cv.Dsl
open Cv.Tests.Generators
open Cv.Tests.Reference
open Expecto
open FsCheck.FSharp

let private x = matrix [ [ 1.0; -2.0; 3.0 ]; [ -4.0; 5.0; 6.0 ] ]
let private row = matrix [ [ 10.0; 20.0; 30.0 ] ]
let private odd = [ 0.0; -0.0; 1.0; -2.5; infinity; -infinity; nan ]

let private unary name (op: Expr -> Expr) (f: float -> float) =
    testCase name (fun () -> sameNumbers (Evaluate.value [] (op (vector odd))) (List.map f odd) "at odd numbers")

let private binary name (op: Expr -> Expr -> Expr) (f: float -> float -> float) =
    testList name [
        testProperty "broadcasts"
        <| Prop.forAll (Arb.zip (broadcastable 2, seed)) (fun (case, seed) ->
            let bind (s: Shape) =
                s.Bind(Dictionary(dict [ "N", 2; "H", 3; "W", 5; "C", 7 ]))

            let parts = case.Parts |> List.map (bind >> known)
            let result = known (bind case.Result)
            let values = numbers seed (List.map size parts)
            let y = op (f64 "a" parts[0]) (f64 "b" parts[1])

            let expected =
                tensor result (fun i -> f (element parts[0] values[0] i) (element parts[1] values[1] i))

            sameNumbers (Evaluate.value [ "a", values[0]; "b", values[1] ] y) expected "the elements")

        testCase "at odd numbers"
        <| fun () ->
            let a, b = List.allPairs odd odd |> List.unzip
            sameNumbers (Evaluate.value [] (op (vector a) (vector b))) (List.map2 f a b) "pairs"
    ]

let private holds test =
    fun (a: float) (b: float) -> if test a b then 1.0 else 0.0

let private elementwise =
    testList "elementwise" [
        binary "add" (fun a b -> a + b) (+)
        binary "sub" (fun a b -> a - b) (-)
        binary "mul" (fun a b -> a * b) (*)
        binary "div" (fun a b -> a / b) (/)
        binary "pow" (fun a b -> a.Pow b) (fun a b -> Math.Pow(a, b))
        binary "maximum" (fun a b -> a.Maximum b) (fun a b -> Math.Max(a, b))
        binary "minimum" (fun a b -> a.Minimum b) (fun a b -> Math.Min(a, b))
        binary "less" (fun a b -> Expr.op_LessThan (a, b)) (holds (<))
        binary "less or equal" (fun a b -> Expr.op_LessThanOrEqual (a, b)) (holds (<=))
        binary "greater" (fun a b -> Expr.op_GreaterThan (a, b)) (holds (>))
        binary "greater or equal" (fun a b -> Expr.op_GreaterThanOrEqual (a, b)) (holds (>=))
        binary "equal" (fun a b -> a.EqualTo b) (holds (=))
        binary "not equal" (fun a b -> a.NotEqualTo b) (holds (<>))
        unary "neg" (fun x -> -x) (~-)
        unary "abs" _.Abs() abs
        unary "exp" _.Exp() exp
        unary "log" _.Log() log
        unary "sqrt" _.Sqrt() sqrt
        unary "tanh" _.Tanh() tanh
        unary "sigmoid" _.Sigmoid() SpecialFunctions.Sigmoid
        unary "erf" _.Erf() SpecialFunctions.Erf
        unary "log1p" _.Log1p() SpecialFunctions.Log1p
        unary "expm1" _.Expm1() SpecialFunctions.Expm1
        unary "sin" _.Sin() sin
        unary "cos" _.Cos() cos
        unary "sign" _.Sign() (fun x ->
            if x > 0.0 then 1.0
            elif x < 0.0 then -1.0
            else x)
        unary "stop_gradient" _.StopGradient() id

        testCase "masks"
        <| fun () ->
            let a, b = vector [ 0.0; 0.0; 1.0; 1.0 ], vector [ 0.0; 1.0; 0.0; 1.0 ]
            let a, b = a.Cast DType.Bool, b.Cast DType.Bool

            let both =
                Evaluate.program [ Expr.op_BitwiseAnd (a, b); Expr.op_BitwiseOr (a, b); Expr.op_LogicalNot a ] []

            Expect.equal both [ [| 0.0; 0.0; 0.0; 1.0 |]; [| 0.0; 1.0; 1.0; 1.0 |]; [| 1.0; 1.0; 0.0; 0.0 |] ] "and, or, not"

        gives "select takes the branch that the mask names" (Expr.Select(Expr.op_GreaterThan (x, 0.0), x, row)) [ 2; 3 ] [
            1.0
            20.0
            3.0
            10.0
            5.0
            6.0
        ]
        gives
            "select lets no NaN through from the other branch"
            (Expr.Select((vector [ 1.0; 0.0 ]).Cast DType.Bool, vector [ 1.0; nan ], vector [ nan; 2.0 ])) [ 2 ] [ 1.0; 2.0 ]
        gives "literals on either side" (1.0 - 2.0 * x / 4.0 + 0.5f) [ 2; 3 ] [ 1.0; 2.5; 0.0; 3.5; -1.0; -1.5 ]
        gives "a literal on the left of a comparison" (Expr.op_LessThanOrEqual (3.0, x)) [ 2; 3 ] [ 0.0; 0.0; 1.0; 0.0; 1.0; 1.0 ]
    ]

let private casts =
    testList "cast" [
        gives "to integers drops the fraction" ((vector [ 1.9; -1.9; 0.5; -0.5 ]).Cast DType.I32) [ 4 ] [ 1.0; -1.0; 0.0; 0.0 ]
        gives "to truth asks for not 0" ((vector [ 0.0; -0.0; 0.1; nan ]).Cast DType.Bool) [ 4 ] [ 0.0; 0.0; 1.0; 1.0 ]
        gives "from truth gives 0 and 1" ((Expr.op_GreaterThan (x, 0.0)).Cast DType.F64) [ 2; 3 ] [ 1.0; 0.0; 1.0; 0.0; 1.0; 1.0 ]
        gives "to f32 rounds" ((vector [ 0.1; 1e300 ]).Cast DType.F32) [ 2 ] [ float 0.1f; infinity ]
    ]

let private leaves =
    testList "leaves" [
        gives "const" (Expr.Const(0.1, DType.F64)) [] [ 0.1 ]
        gives "a const in f32" (Expr.Const 0.1) [] [ float 0.1f ]
        gives "iota along the last axis" (Expr.Iota(shape [ 2; 3 ], -1)) [ 2; 3 ] [ 0.0; 1.0; 2.0; 0.0; 1.0; 2.0 ]
        gives "iota along the first axis" (Expr.Iota(shape [ 2; 3 ], 0)) [ 2; 3 ] [ 0.0; 0.0; 0.0; 1.0; 1.0; 1.0 ]
        gives "extent" (Expr.Of(Extent(shape [ 2; 3; 1 ], DType.F64), [||])) [] [ 6.0 ]

        testCase "a literal keeps its own copy"
        <| fun () ->
            let values = [| 1.0; 2.0 |]
            let literal = Expr.Literal(shape [ 2 ], values)
            values[0] <- 7.0
            sameNumbers (Evaluate.value [] literal) [ 1.0; 2.0 ] "the array changed, the node did not"
    ]

[<Tests>]
let tests = testList "ops" [ elementwise; casts; leaves ]
