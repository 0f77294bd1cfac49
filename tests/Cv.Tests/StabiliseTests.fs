/// Formulas as people write them are right where they would overflow or cancel: values and gradients, at large numbers, near 0, and for numbers below the least normal one.
module Cv.Tests.StabiliseTests

open System
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

let private softplus (x: float) =
    max x 0.0 + SpecialFunctions.Log1p(exp -(abs x))

let private sigmoid (x: float) = SpecialFunctions.Sigmoid x
let private expm1 (x: float) = SpecialFunctions.Expm1 x

/// log(1 - exp x), below 0.
let private logOneLess (x: float) =
    if x > -0.6931471805599453 then
        log -(expm1 x)
    else
        SpecialFunctions.Log1p -(exp x)

/// Points on both sides of 0, far away and next to it; the last two are below the least normal f32 and f64.
let private around = [
    for x in [ 1e4; 700.0; 88.0; 30.0; 17.5; 2.5; 0.75; 1e-3; 1e-8; 1e-40; 1e-310 ] do
        x
        -x
]

let private above = 0.0 :: List.filter (fun x -> x > 0.0) around
let private below = List.filter (fun x -> x < 0.0) around

/// A formula of one number, what it is, its derivative, and where it is tried.
let private elementwise: (string * (Expr -> Expr) * (float -> float) * (float -> float) * float list) list = [
    "log(1 + x)", (fun x -> (1.0 + x).Log()), SpecialFunctions.Log1p, (fun x -> 1.0 / (1.0 + x)), above @ [ -0.5; -1e-8; -1e-40; -1e-310 ]
    "log(1 - x)", (fun x -> (1.0 - x).Log()), (fun x -> SpecialFunctions.Log1p -x), (fun x -> -1.0 / (1.0 - x)), below @ [ 0.5; 1e-8 ]
    "exp x - 1", (fun x -> x.Exp() - 1.0), expm1, exp, around
    "-1 + exp x", (fun x -> -1.0 + x.Exp()), expm1, exp, around
    "1 - exp x", (fun x -> 1.0 - x.Exp()), (expm1 >> (~-)), (exp >> (~-)), around
    "log(1 + exp x)", (fun x -> (1.0 + x.Exp()).Log()), softplus, sigmoid, 0.0 :: around
    "log(exp(-x) + 1)", (fun x -> ((-x).Exp() + 1.0).Log()), (fun x -> softplus -x), (fun x -> -(sigmoid -x)), 0.0 :: around
    "log1p(exp x)", (fun x -> x.Exp().Log1p()), softplus, sigmoid, 0.0 :: around
    "log(sigmoid x)", (fun x -> x.Sigmoid().Log()), (fun x -> -(softplus -x)), (fun x -> sigmoid -x), 0.0 :: around
    "log(1 - sigmoid x)", (fun x -> (1.0 - x.Sigmoid()).Log()), (fun x -> -(softplus x)), (fun x -> -(sigmoid x)), 0.0 :: around
    "log1p(-sigmoid x)", (fun x -> (-x.Sigmoid()).Log1p()), (fun x -> -(softplus x)), (fun x -> -(sigmoid x)), 0.0 :: around
    "sigmoid x", _.Sigmoid(), sigmoid, (fun x -> sigmoid x * sigmoid -x), 0.0 :: around
    "1 - sigmoid x", (fun x -> 1.0 - x.Sigmoid()), (fun x -> sigmoid -x), (fun x -> -(sigmoid x * sigmoid -x)), 0.0 :: around
    "1 / (1 + exp(-x))", (fun x -> 1.0 / (1.0 + (-x).Exp())), sigmoid, (fun x -> sigmoid x * sigmoid -x), 0.0 :: around
    "exp x / (1 + exp x)", (fun x -> x.Exp() / (1.0 + x.Exp())), sigmoid, (fun x -> sigmoid x * sigmoid -x), 0.0 :: around
    "x / (1 + exp(-x))",
    (fun x -> x / (1.0 + (-x).Exp())),
    (fun x -> x * sigmoid x),
    (fun x -> sigmoid x * (1.0 + x * sigmoid -x)),
    0.0 :: around
    "log(exp x)", (fun x -> x.Exp().Log()), id, (fun _ -> 1.0), 0.0 :: around
    "log(1 - exp x)", (fun x -> (1.0 - x.Exp()).Log()), logOneLess, (fun x -> exp x / expm1 x), below
    "log(exp x - 1)", (fun x -> (x.Exp() - 1.0).Log()), (fun x -> x + logOneLess -x), (fun x -> -1.0 / expm1 -x), List.tail above
    // p = 1/4: the cross-entropy of a sigmoid, as it stands in books
    "sigmoid cross-entropy",
    (fun x -> -(0.25 * x.Sigmoid().Log() + 0.75 * (1.0 - x.Sigmoid()).Log())),
    (fun x -> 0.25 * softplus -x + 0.75 * softplus x),
    (fun x -> sigmoid x - 0.25),
    0.0 :: around
]

let private least dtype =
    if dtype = DType.F32 then 1.4e-45 else 5e-324

let private narrowed dtype (x: float) =
    if dtype = DType.F32 then float (float32 x) else x

/// Within a few units of the last place, whatever the magnitude: an error of 100 % where the right number is tiny is an error.
let private near dtype (got: float) (want: float) =
    let want = narrowed dtype want
    let relative = if dtype = DType.F32 then 1e-6 else 1e-14
    got.Equals want || abs (got - want) <= relative * abs want + 4.0 * least dtype

let private stabilised (outputs: Expr list) =
    Pass.RunAll(Pipeline.Passes, Graph(Array.ofList outputs)).Outputs |> List.ofSeq

/// Values from compiled code, and from the interpreter after the passes; gradients from the interpreter as they were built, too.
let private ways (value: Expr) (gradient: Expr) bindings = [
    "compiled", Run.compiled VectorWidth.Auto 1 [ value; gradient ] bindings
    "interpreted after the passes", Run.interpreted (stabilised [ value; gradient ]) bindings
    "compiled alone",
    [ value; gradient ]
    |> List.collect (fun y -> Run.compiled VectorWidth.Bits128 1 [ y ] bindings)
]

let private expect what dtype (at: float[]) (got: float[]) (want: float[]) =
    Array.iteri2
        (fun i (g: float) (w: float) ->
            if not (near dtype g w) then
                failtest $"{what}, {DTypes.Text dtype}: %A{at}, element {i}, gives {g:R} for {w:R}")
        got
        want

let private both = [ DType.F32; DType.F64 ]

let private scalars =
    testList "of one number" [
        for name, formula, value, slope, points in elementwise do
            for dtype in both do
                testCase $"{name} in {DTypes.Text dtype}"
                <| fun () ->
                    let points = points |> List.map (narrowed dtype) |> Array.ofList
                    let x = Expr.Input("x", shape [ points.Length ], dtype)
                    let y = formula x
                    let gradient = Gradient.Of(y.Sum(), x)[0]
                    let bindings = [ "x", points ]

                    for way, results in ways y gradient bindings do
                        for i in 0 .. points.Length - 1 do
                            expect $"{name} {way}" dtype [| points[i] |] [| results[0][i] |] [| value points[i] |]
                            expect $"slope of {name} {way}" dtype [| points[i] |] [| results[1][i] |] [| slope points[i] |]

                    let built = (Run.interpreted [ gradient ] bindings).Head
                    Array.iteri (fun i x -> expect $"slope of {name}, as built" dtype [| x |] [| built[i] |] [| slope x |]) points
    ]

/// Rows whose exponentials overflow, vanish, or are all the same.
let private rows = [|
    [| 1e4; -1e4; 0.0 |]
    [| 1e4; 1e4; 1e4 - 1.0 |]
    [| -1e4; -1e4 - 2.0; -1e4 |]
    [| 100.0; 89.0; -50.0 |]
    [| 1e-310; -1e-310; 1e-40 |]
    [| 0.5; -1.0; 2.0 |]
|]

let private logSum (row: float[]) =
    let most = Array.max row
    most + log (Array.sumBy (fun x -> exp (x - most)) row)

let private softmax (row: float[]) =
    let powers = row |> Array.map (fun x -> exp (x - Array.max row))
    powers |> Array.map (fun power -> power / Array.sum powers)

let private weights = [| 0.5; -1.25; 2.0 |]
let private label = 1

/// A formula of a row; its value, one number a row or three; the gradient of its weighted sum.
let private folds: (string * (Expr -> Expr) * (float[] -> float[]) * (float[] -> float[])) list =
    let labels = Expr.Input("labels", shape [ rows.Length ], DType.I32)
    let total (x: Expr) = x.Exp().Sum([| 1 |], true)

    let ofProbabilities row =
        let p = softmax row
        let mean = Array.map2 (*) p weights |> Array.sum
        Array.map2 (fun p w -> p * (w - mean)) p weights

    let ofLogarithms row =
        softmax row |> Array.mapi (fun i p -> weights[i] - p * Array.sum weights)

    let ofLabel row =
        softmax row |> Array.mapi (fun i p -> (if i = label then 1.0 else 0.0) - p)

    let logarithms row = Array.map (fun x -> x - logSum row) row

    [
        "exp x / sum exp x", (fun x -> x.Exp() / total x), softmax, ofProbabilities
        "exp x / sum exp x, the axis dropped and put back",
        (fun x -> x.Exp() / x.Exp().Sum([| 1 |], false).Reshape(rows.Length, 1)),
        softmax,
        ofProbabilities
        "log softmax", _.Softmax().Log(), logarithms, ofLogarithms
        "log of exp x / sum exp x", (fun x -> (x.Exp() / total x).Log()), logarithms, ofLogarithms
        "log of a softmax, moved", _.Softmax().T().Log().T(), logarithms, ofLogarithms
        "log of the label's softmax", _.Softmax().Pick(labels).Log(), (fun row -> [| row[label] - logSum row |]), ofLabel
        "log of the label's exp x / sum exp x",
        (fun x -> (x.Exp() / total x).Pick(labels).Log()),
        (fun row -> [| row[label] - logSum row |]),
        ofLabel
        "log sum exp", (fun x -> (total x).Log()), (fun row -> [| logSum row |]), softmax
        "log sum exp, the axis dropped", (fun x -> x.Exp().Sum(1).Log()), (fun row -> [| logSum row |]), softmax
        "log mean exp", (fun x -> x.Exp().Mean(1).Log()), (fun row -> [| logSum row - log 3.0 |]), softmax
    ]

let private ofRows =
    testList "of rows" [
        for name, formula, value, slope in folds do
            for dtype in both do
                testCase $"{name} in {DTypes.Text dtype}"
                <| fun () ->
                    let rows = rows |> Array.map (Array.map (narrowed dtype))
                    let x = Expr.Input("x", shape [ rows.Length; 3 ], dtype)
                    let y = formula x

                    let weighted =
                        if y.Shape.Size = x.Shape.Size then
                            y * Expr.Literal(shape [ 1; 3 ], weights, dtype)
                        else
                            y

                    let gradient = Gradient.Of(weighted.Sum(), x)[0]
                    let bindings = [ "x", Array.concat rows; "labels", Array.create rows.Length (float label) ]

                    // large numbers that cancel leave the last place of what they were, and no more
                    let close what (row: float[]) (got: float[]) (want: float[]) =
                        let relative = if dtype = DType.F32 then 1e-6 else 1e-14

                        let size =
                            if what = "value" && want <> softmax row then
                                4.0 + Array.max (Array.map abs row)
                            else
                                4.0

                        Array.iteri2
                            (fun i (g: float) (w: float) ->
                                if not (near dtype g w || abs (g - w) <= relative * size) then
                                    failtest $"{what} of {name}, {DTypes.Text dtype}: %A{row}, element {i}, gives {g:R} for {w:R}")
                            got
                            want

                    for _, results in ways y gradient bindings do
                        for i in 0 .. rows.Length - 1 do
                            let each = results[0].Length / rows.Length
                            close "value" rows[i] (Array.sub results[0] (i * each) each) (value rows[i])
                            close "gradient" rows[i] (Array.sub results[1] (i * 3) 3) (slope rows[i])
    ]

let private x = Expr.Input("x", shape [ 4; 3 ], DType.F64)
let private labels = Expr.Input("labels", shape [ 4 ], DType.I32)

/// A node that each law fires on.
let private examples: (string * Expr) list = [
    "log(exp x) = x", x.Exp().Log()
    "log(1 + x) = log1p x", (1.0 + x * x).Log()
    "exp x - 1 = expm1 x", x.Exp() - 1.0
    "log1p(exp x) = softplus x", x.Exp().Log1p()
    "log(sigmoid x) = -softplus(-x)", x.Sigmoid().Log()
    "1 - sigmoid x = sigmoid(-x)", 1.0 - x.Sigmoid()
    "exp x / (1 + exp x) = sigmoid x", x.Exp() / (1.0 + x.Exp())
    "a / (1 + exp x) = a sigmoid(-x)", x / (1.0 + x.Exp())
    "log(1 - exp x) = log(-expm1 x) or log1p(-exp x)", (-(-x.Abs()).Expm1()).Log()
    "log(exp x - 1) = x + log(1 - exp(-x))", x.Abs().Expm1().Log()
    "sum exp x = exp m sum exp(x - m), within a logarithm", x.Exp().Sum([| 1 |], true).Log()
    "exp x / sum exp x = exp(x - m) / sum exp(x - m)", x.Exp() / x.Exp().Sum([| 1 |], true)
    "log(exp x / sum exp x) = x - log sum exp x", x.Softmax().Log()
    "log(sum x / n) = log sum x - log n", x.Exp().Mean([| 1 |], true).Log()
    "the logarithm of what is moved is the logarithm, moved", x.Softmax().Pick(labels).Log()
    "sqrt(x x) = |x|", (x * x).Sqrt()
    "|x|^p = x^p, for an even p", x.Abs().Pow 2.0
    "(sqrt x)^p = x^(p / 2), where x is not negative by its form", (x * x).Sum([| 1 |], true).Sqrt().Pow 3.0
    "max(a, b) + log1p(exp(-|a - b|)) = b + softplus(a - b), by the side that ties go to", x.Maximum 0.0 + (-x.Abs()).Exp().Log1p()
]

let private laws =
    testList "laws" [
        testCase "each has an example here"
        <| fun () -> Expect.sequenceEqual (examples |> List.map fst) (StableForms.Laws |> Seq.map _.Text) "laws"

        for text, node in examples do
            testCase text
            <| fun () ->
                let law = StableForms.Laws |> Seq.find (fun law -> law.Text = text)

                match law.Apply.Invoke node |> Option.ofObj with
                | None -> failtest "the law fires"
                | Some stable ->
                    Expect.equal stable.Type node.Type "type"
                    let bindings = Evaluate.randomBindings 3 [ node; stable ]
                    Expect.isTrue (Run.near 1e-14 (Run.interpreted [ stable ] bindings) (Run.interpreted [ node ] bindings)) "value"

        testCase "what is stable already stays the same object"
        <| fun () ->
            let stable = [
                x.Softmax()
                x.LogSoftmax()
                x.LogSumExp 1
                x.LogSumExp()
                x.SoftmaxCrossEntropy labels
                x.Sigmoid()
                x.Sigmoid()
                (x + 2.0).Log()
                x / (1.0 + (-x.Abs()).Exp())
            ]

            for node in stable do
                for node in [ node; (Pass.RunAll(Pipeline.Passes, Graph node)).Outputs[0] ] do
                    let graph = Graph node
                    Expect.isTrue (obj.ReferenceEquals(Law.Settle(StableForms.Laws, graph), graph)) $"{Evaluate.text [ node ]}"

        testCase "a label that no input feeds may mark no class: its logarithm is taken after it is picked"
        <| fun () ->
            let computed = labels * labels
            let picked = x.Softmax().Pick(computed).Log()
            let bindings = [ "x", Array.init 12 float; "labels", [| 0.0; 1.0; 2.0; 0.0 |] ]
            let got = (Run.compiled VectorWidth.Auto 1 [ picked ] bindings).Head
            Expect.equal got[2] -infinity "no class is the third row's"
    ]

let private gradients =
    testList "gradients" [
        testCase "by a node inside a formula, the node is what it is"
        <| fun () ->
            let p = x.Softmax()
            let loss = p.Log().Sum()
            let by = Gradient.Of(loss, p, x)
            let bindings = Evaluate.randomBindings 5 [ loss ]
            let got = Run.interpreted (p :: List.ofSeq by) bindings
            let p, dp, dx = got[0], got[1], got[2]
            Array.iter2 (fun p dp -> Expect.floatClose Accuracy.high dp (1.0 / p) "1 / p") p dp
            // the sum of log p_i moves by 1 - 3 p_i
            Array.iter2 (fun p dx -> Expect.floatClose Accuracy.high dx (1.0 - 3.0 * p) "through p") p dx

        testCase "by two nodes, one behind the other"
        <| fun () ->
            let e = x.Exp()
            let sum = 1.0 + e
            let loss = sum.Log().Sum()
            let by = Gradient.Of(loss, sum, e, x)
            let bindings = Evaluate.randomBindings 6 [ loss ]

            match Run.interpreted (x :: List.ofSeq by) bindings with
            | [ xs; bySum; byPower; byX ] ->
                for i in 0 .. xs.Length - 1 do
                    let power = exp xs[i]
                    Expect.floatClose Accuracy.high bySum.[i] (1.0 / (1.0 + power)) "by 1 + exp x"
                    Expect.floatClose Accuracy.high byPower.[i] (1.0 / (1.0 + power)) "by exp x"
                    Expect.floatClose Accuracy.high byX.[i] (power / (1.0 + power)) "by x"
            | other -> failtest $"%A{other}"

        testCase "twice, at 0 and far from it"
        <| fun () ->
            let x = Expr.Input("x", shape [ 4 ], DType.F64)
            let first = Gradient.Of((1.0 + x.Exp()).Log().Sum(), x)[0]
            let second = Gradient.Of(first.Sum(), x)[0]

            let got =
                (Run.compiled VectorWidth.Auto 1 [ second ] [ "x", [| 0.0; 1e4; -1e4; 2.0 |] ]).Head

            let want = [| 0.25; 0.0; 0.0; sigmoid 2.0 * sigmoid -2.0 |]
            Array.iter2 (fun g w -> Expect.floatClose Accuracy.high g w "sigmoid x sigmoid(-x)") got want

        testCase "forward, too"
        <| fun () ->
            let x = Expr.Input("x", shape [ 3 ], DType.F32)

            let slope =
                Jvp.Of((1.0 + x.Exp()).Log(), [| x |], [| x.Like(1.0).BroadcastTo(x.Shape) |])

            let got = (Run.interpreted [ slope ] [ "x", [| 1e4; 0.0; -30.0 |] ]).Head
            expect "softplus" DType.F32 [| 1e4; 0.0; -30.0 |] got [| 1.0; 0.5; sigmoid -30.0 |]
    ]

[<Tests>]
let tests = testList "stabilise" [ scalars; ofRows; laws; gradients ]
