/// Scalar rules as terms: their derivatives against differences, their graphs against themselves, and how they print.
module Cv.Tests.ScalarTests

open System
open System.Linq.Expressions
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

/// What a rule of doubles gives.
let private run (rule: LambdaExpression) (arguments: float list) =
    rule.Compile().DynamicInvoke(arguments |> List.map box |> Array.ofList) :?> float

/// The derivative by the five-point formula.
let private slope (f: float -> float) x =
    let h = 1e-3 * max 1.0 (abs x)

    (8.0 * (f (x + h) - f (x - h)) - (f (x + 2.0 * h) - f (x - 2.0 * h)))
    / (12.0 * h)

type private Functions =
    static member Of(f: Expression<Func<float, float>>) = f :> LambdaExpression
    static member Of(f: Expression<Func<float, float, float>>) = f :> LambdaExpression

/// Functions with points where they are smooth.
let private functions: (string * LambdaExpression * float list list) list =
    let many = [ [ -1.7 ]; [ -0.3 ]; [ 0.4 ]; [ 2.1 ] ]
    let positive = [ [ 0.3 ]; [ 1.6 ]; [ 4.2 ] ]
    let inside = [ [ -0.7 ]; [ 0.2 ]; [ 0.6 ] ]
    let pairs = [ [ 0.7; 1.9 ]; [ 2.3; -0.6 ]; [ 1.4; 0.8 ] ]

    [
        "exp", Functions.Of(fun x -> Math.Exp x), many
        "exp2", Functions.Of(fun x -> Double.Exp2 x), many
        "exp10", Functions.Of(fun x -> Double.Exp10 x), inside
        "expm1", Functions.Of(fun x -> Double.ExpM1 x), many
        "log", Functions.Of(fun x -> Math.Log x), positive
        "log2", Functions.Of(fun x -> Math.Log2 x), positive
        "log10", Functions.Of(fun x -> Math.Log10 x), positive
        "log of a base", Functions.Of(fun x -> Math.Log(x, 3.0)), positive
        "log1p", Functions.Of(fun x -> Double.LogP1 x), positive
        "sqrt", Functions.Of(fun x -> Math.Sqrt x), positive
        "cbrt", Functions.Of(fun x -> Math.Cbrt x), many
        "sin", Functions.Of(fun x -> Math.Sin x), many
        "cos", Functions.Of(fun x -> Math.Cos x), many
        "tan", Functions.Of(fun x -> Math.Tan x), inside
        "asin", Functions.Of(fun x -> Math.Asin x), inside
        "acos", Functions.Of(fun x -> Math.Acos x), inside
        "atan", Functions.Of(fun x -> Math.Atan x), many
        "sinh", Functions.Of(fun x -> Math.Sinh x), many
        "cosh", Functions.Of(fun x -> Math.Cosh x), many
        "tanh", Functions.Of(fun x -> Math.Tanh x), many
        "asinh", Functions.Of(fun x -> Math.Asinh x), many
        "acosh", Functions.Of(fun x -> Math.Acosh(x + 1.0)), positive
        "atanh", Functions.Of(fun x -> Math.Atanh x), inside
        "erf", Functions.Of(fun x -> SpecialFunctions.Erf x), many
        "sigmoid", Functions.Of(fun x -> SpecialFunctions.Sigmoid x), many
        "softplus", Functions.Of(fun x -> SpecialFunctions.Softplus x), many
        "abs", Functions.Of(fun x -> Math.Abs x), many
        "floor", Functions.Of(fun x -> Math.Floor x), many
        "ceiling", Functions.Of(fun x -> Math.Ceiling x), many
        "truncate", Functions.Of(fun x -> Math.Truncate x), many
        "round", Functions.Of(fun x -> Math.Round x), many
        "clamp", Functions.Of(fun x -> Math.Clamp(x, -0.5, 1.0)), many
        "max", Functions.Of(fun a b -> Math.Max(a, b)), pairs
        "min", Functions.Of(fun a b -> Math.Min(a, b)), pairs
        "pow", Functions.Of(fun a b -> Math.Pow(a, b)), pairs
        "atan2", Functions.Of(fun a b -> Math.Atan2(a, b)), pairs
        "hypot", Functions.Of(fun a b -> Double.Hypot(a, b)), pairs
        "copysign", Functions.Of(fun a b -> Math.CopySign(a, b)), pairs
        "remainder", Functions.Of(fun a b -> a % b), pairs
        "sum", Functions.Of(fun a b -> a + b), pairs
        "difference", Functions.Of(fun a b -> a - b), pairs
        "product", Functions.Of(fun a b -> a * b), pairs
        "quotient", Functions.Of(fun a b -> a / b), pairs
        "quotient of functions", Functions.Of(fun a b -> Math.Sin(a * b) / (2.0 + Math.Cos b)), pairs
        "conditional", Functions.Of(fun a b -> if a > b then a * b else Math.Exp(a - b)), pairs
        "conditions joined", Functions.Of(fun a b -> if a > b && a > 2.0 || a = b then a * a else b * b * a), pairs
        "chain", Functions.Of(fun x -> Math.Exp(Math.Sin(x * x))), many
        "masked chain", Functions.Of(fun x -> Math.Exp(Math.Max(x, 0.0)) * Math.Max(x, 0.5)), many
        "what is named", Functions.Of(fun x -> (let e = Math.Exp x in e / (e + e * e + 1.0))), many
        "clipped twice", Functions.Of(fun x -> Math.Max(-1.0, Math.Min(1.0, x)) * Math.Min(3.0, Math.Max(x, -3.0))), many
    ]

let private tolerance = { absolute = 1e-9; relative = 1e-8 }

let private derivatives =
    testList "derivatives" [
        for name, rule, points in functions do
            testCase name
            <| fun () ->
                for argument in 0 .. rule.Parameters.Count - 1 do
                    let derivative = ScalarDerivative.Of(rule, argument)

                    for point in points do
                        let along x =
                            run rule (List.updateAt argument x point)

                        Expect.floatClose
                            tolerance
                            (run derivative point)
                            (slope along point[argument])
                            $"by {argument} at {point}: {derivative}"
    ]

let private graphs =
    testList "graphs" [
        for name, rule, points in functions do
            testCase name
            <| fun () ->
                let columns = List.transpose points |> List.map Array.ofList

                let inputs =
                    columns
                    |> List.mapi (fun i column -> Expr.Input($"x{i}", shape [ column.Length ], DType.F64))

                let bindings = columns |> List.mapi (fun i column -> $"x{i}", column)

                for rule in
                    rule
                    :: [ for i in 0 .. rule.Parameters.Count - 1 -> ScalarDerivative.Of(rule, i) ] do
                    let node = ScalarGraph.Of(rule, Array.ofList inputs).BroadcastTo(inputs.Head.Shape)
                    let expected = points |> List.map (run rule)

                    for actual in [ (Run.interpreted [ node ] bindings).Head; (Run.compiled VectorWidth.Bits256 1 [ node ] bindings).Head ] do
                        for a, e in Seq.zip actual expected do
                            Expect.floatClose Accuracy.veryHigh a e $"{rule}"
    ]

/// The rules of the library's own ops: what they say of themselves, and their gradients, agree; but for those whose gradient is another's on purpose.
let private ops =
    let elementwise =
        Catalogue.ops
        |> List.filter (fun op ->
            op.IsSubclassOf typeof<Elementwise>
            && not (List.contains op [ typeof<Gated>; typeof<StraightThrough> ]))

    testList "ops" [
        for op in elementwise do
            testCase (Catalogue.nameOf op)
            <| fun () ->
                for node in Catalogue.samples op |> List.collect (Catalogue.nodesOf op) do
                    let rule = (node.Op :?> Elementwise).Scalar

                    if
                        node.DType <> DType.I32
                        && not (op = typeof<Cast> && node.Operands[0].DType <> node.DType)
                    then
                        let graph = ScalarGraph.Of(rule, Array.ofSeq node.Operands)
                        let bindings = Evaluate.randomBindings 3 [ node; graph ]

                        match Evaluate.program [ node; graph ] bindings with
                        | [ expected; actual ] -> Expect.sequenceEqual actual expected "the rule as a graph"
                        | _ -> failtest "two"

                        if Catalogue.isDifferentiable op then
                            let dy = node.Like 1.0
                            let flows = node.Op.Vjp(node, dy)

                            for i in 0 .. rule.Parameters.Count - 1 do
                                match flows[i] with
                                | null -> ()
                                | flow ->
                                    let flow = flow.BroadcastTo node.Shape

                                    let derivative =
                                        ScalarGraph.Of(ScalarDerivative.Of(rule, i), Array.ofSeq node.Operands).BroadcastTo(node.Shape)

                                    match Evaluate.program [ flow; derivative ] bindings with
                                    | [ expected; actual ] ->
                                        for a, e in Seq.zip actual expected do
                                            Expect.floatClose Accuracy.low a e $"the derivative by {i}"
                                    | _ -> failtest "two"
    ]

let private masks =
    testList "masks" [
        for name, rule, at in
            [
                "the branch not taken is infinite", Functions.Of(fun x -> if x > 0.0 then Math.Log x else x), [ 0.0; -1.0 ]
                "a factor overflows where a maximum is flat", Functions.Of(fun x -> Math.Exp(1000.0 * x) * 0.0 + Math.Max(x, 2.0)), [ -5.0 ]
                "the inside is flat, the outside infinite", Functions.Of(fun x -> Math.Sqrt(Math.Max(x, 0.0))), [ -1.0; 0.0 ]
                "a conditional within a function", Functions.Of(fun x -> Math.Log(if x > 0.0 then x else 0.0)), [ -2.0 ]
            ] do
            testCase name
            <| fun () ->
                for x in at do
                    Expect.isTrue (Double.IsFinite(run (ScalarDerivative.Of(rule, 0)) [ x ])) $"at {x}"

        testCase "many conditionals within each other stay small"
        <| fun () ->
            let x = Expression.Parameter(typeof<float>, "x")

            let bend (inner: Expression) =
                Expression.Call(typeof<Math>, "Max", [||], Expression.Multiply(inner, inner), Expression.Negate inner) :> Expression

            let rule =
                Expression.Lambda(Seq.fold (fun e _ -> bend e) (x :> Expression) [ 1..30 ], x)

            let derivative = ScalarDerivative.Of(rule, 0)
            let node = ScalarGraph.Of(derivative, Expr.Input("x", shape [], DType.F64))
            Expect.isLessThan (Expr.Nodes(node).Length) 2000 "nodes"
    ]

[<Tests>]
let tests = testList "scalar" [ derivatives; graphs; ops; masks ]
