module Cv.Tests.OptimiserTests

open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Runtime
open Cv.Tests.ErrorTextTests
open Cv.Tests.Evaluate
open Cv.Tests.Generators
open Expecto

let private parameter =
    Expr.Parameter("w", shape [ 2 ], Initialiser.Zeros, DType.F64)

let private gradient = Expr.Input("g", shape [ 2 ], DType.F64)

/// Runs a step for each gradient, which may depend on w, and gives w after each.
let private runFrom start (optimiser: Optimiser) (gradients: (float[] -> float[]) list) =
    let state = optimiser.Init parameter
    let struct (next, nextState) = optimiser.Update(parameter, gradient, state)
    let step = program (next :: List.ofSeq nextState)
    let names = [ for leaf in parameter :: List.ofSeq state -> (leaf.Op :?> Named).Id ]

    let first =
        start
        :: [ for leaf in state -> Array.create leaf.Shape.Size (leaf.Op :?> State).Fill ]

    let advance current gradientAt =
        step (("g", gradientAt (List.head current)) :: List.zip names current)

    List.scan advance first gradients |> List.tail |> List.map List.head

let private run optimiser gradients =
    runFrom [| 1.0; -2.0 |] optimiser [ for g in gradients -> fun _ -> g ]

/// The same steps as compiled code, whose updates happen in place.
let private runCompiled (optimiser: Optimiser) (gradients: float[] list) =
    let state = optimiser.Init parameter
    let struct (next, nextState) = optimiser.Update(parameter, gradient, state)
    let leaves = parameter :: List.ofSeq state

    let updates =
        List.map2 (fun target value -> Update(target, value)) leaves (next :: List.ofSeq nextState)

    let step =
        Compile.Function(Graph(ImmutableArray.Empty, ImmutableArray.CreateRange updates))

    let values = ModelState.Initialise(leaves, 1UL)
    values["w"].CopyFrom(Tensor.From(shape [ 2 ], [| 1.0; -2.0 |]))

    [
        for g in gradients do
            step.Call(values, Binding("g", Tensor.From(shape [ 2 ], g))) |> ignore
            values["w"].ToDoubles()
    ]

let private gradients = [ [| 0.5; -3.0 |]; [| -1.0; 0.25 |]; [| 2.0; 0.0 |]; [| 0.125; 1.0 |] ]

/// Follows one element by a rule written as a loop over its gradients.
let private follow rule =
    let element i =
        List.scan rule ((if i = 0 then 1.0 else -2.0), (0.0, 0.0), 0) (gradients |> List.map (Array.item i))
        |> List.tail
        |> List.map (fun (w, _, _) -> w)

    List.map2 (fun a b -> [| a; b |]) (element 0) (element 1)

let private agrees name optimiser rule =
    testCase name
    <| fun () ->
        for how, steps in [ "by reference", run optimiser gradients; "compiled", runCompiled optimiser gradients ] do
            for actual, expected in List.zip steps (follow rule) do
                for a, e in Array.zip actual expected do
                    Expect.floatClose Accuracy.veryHigh a e $"a step, {how}"

let private adam rate beta1 beta2 epsilon corrects (w, (m, v), t) g =
    let m, v, t =
        beta1 * m + (1.0 - beta1) * g, beta2 * v + (1.0 - beta2) * g * g, t + 1

    let mean, square =
        if corrects then
            m / (1.0 - pown beta1 t), v / (1.0 - pown beta2 t)
        else
            m, v

    w - rate * mean / (sqrt square + epsilon), (m, v), t

let private formulas =
    testList "formulas" [
        agrees "gradient descent" (Optimiser.GradientDescent 0.1) (fun (w, s, t) g -> w - 0.1 * g, s, t)

        agrees "momentum" (Optimiser.Momentum(0.1, 0.8)) (fun (w, (v, _), t) g ->
            let v = 0.8 * v - 0.1 * g
            w + v, (v, 0.0), t)

        agrees "nesterov" (Optimiser.Nesterov(0.1, 0.8)) (fun (w, (before, _), t) g ->
            let v = 0.8 * before - 0.1 * g
            w - 0.8 * before + 1.8 * v, (v, 0.0), t)

        agrees "adam" (Optimiser.Adam 0.01) (adam 0.01 0.9 0.999 1e-8 true)
        agrees "adam, other settings" (Optimiser.Adam(0.01, 0.5, 0.75, 1e-3)) (adam 0.01 0.5 0.75 1e-3 true)

        agrees "adam without bias correction" (Optimiser.Adam(0.01, biasCorrection = false)) (adam 0.01 0.9 0.999 1e-8 false)

        testCase "nesterov is momentum whose gradient is taken ahead"
        <| fun () ->
            // on the loss w^2 / 2 the gradient at a point is the point
            let ahead (velocity, w) =
                let v = 0.8 * velocity - 0.1 * (w + 0.8 * velocity)
                v, w + v

            let positions =
                Seq.unfold (fun s -> Some(ahead s, ahead s)) (0.0, 1.0)
                |> Seq.take 5
                |> List.ofSeq

            let steps =
                runFrom [| 1.0; 1.0 |] (Optimiser.Nesterov(0.1, 0.8)) (List.replicate 5 id)

            for (v, position), step in List.zip positions steps do
                Expect.floatClose Accuracy.veryHigh step[0] (position + 0.8 * v) "the point looked ahead at"
    ]

let private firstStep biasCorrection =
    match run (Optimiser.Adam(0.01, biasCorrection = biasCorrection)) [ [| 123.0; -0.004 |] ] with
    | [ w ] -> [ 1.0 - w[0]; w[1] + 2.0 ]
    | _ -> failtest "one step"

let private facts =
    testList "facts" [
        testCase "adam's first step is the rate, whatever the gradient's size"
        <| fun () ->
            for step in firstStep true do
                Expect.floatClose Accuracy.medium step 0.01 "the rate"

        testCase "without bias correction adam's first step is far too large"
        <| fun () ->
            for step in firstStep false do
                Expect.isGreaterThan step 0.03 "sqrt(10) times the rate"

        testCase "state leaves bear their parameter's name and type"
        <| fun () ->
            let leaves (optimiser: Optimiser) =
                optimiser.Init parameter |> Seq.map _.ToString() |> List.ofSeq

            Expect.isEmpty (leaves (Optimiser.GradientDescent 0.1)) "gradient descent"
            Expect.equal (leaves (Optimiser.Momentum 0.1)) [ "state \"w/velocity\" : f64[2]" ] "momentum"
            Expect.equal (leaves (Optimiser.Nesterov 0.1)) [ "state \"w/velocity\" : f64[2]" ] "nesterov"

            Expect.equal
                (leaves (Optimiser.Adam 0.1))
                [
                    "state \"w/moment1\" : f64[2]"
                    "state \"w/moment2\" : f64[2]"
                    "state \"w/beta1_power\" : f64[]"
                    "state \"w/beta2_power\" : f64[]"
                ]
                "adam"

            Expect.hasLength (leaves (Optimiser.Adam(0.1, biasCorrection = false))) 2 "without bias correction"

        testCase "each parameter has its own powers of adam's betas, before and after a step"
        <| fun () ->
            let adam = Optimiser.Adam 0.1
            let other = Expr.Parameter("v", shape [ 3 ], Initialiser.Zeros, DType.F64)
            let first, second = adam.Init parameter, adam.Init other
            let struct (_, next1) = adam.Update(parameter, gradient, first)
            let struct (_, next2) = adam.Update(other, other, second)

            for i in 2..3 do
                Expect.isFalse (obj.ReferenceEquals(first[i], second[i])) "a leaf each"
                Expect.isFalse (obj.ReferenceEquals(next1[i], next2[i])) "a next value each"

        testCase "a rate from the graph"
        <| fun () ->
            let rate = Expr.Input("rate", Shape.Scalar)

            let struct (next, _) =
                Optimiser.GradientDescent(rate).Update(parameter, gradient, ImmutableArray.Empty)

            let value =
                next |> value [ "rate", [| 0.5 |]; "g", [| 1.0; 2.0 |]; "w", [| 1.0; 1.0 |] ]

            Expect.sequenceEqual value [ 0.5; 0.0 ] "cast to the parameter's dtype"

        testCase "optimisers are values"
        <| fun () ->
            Expect.equal (Optimiser.Momentum 0.1) (Optimiser.Momentum(0.1, 0.9)) "equal"
            Expect.notEqual (Optimiser.Momentum 0.1) (Optimiser.Nesterov 0.1) "not equal"
    ]

let private update (optimiser: Optimiser) parameter gradient state =
    let struct (next, _) = optimiser.Update(parameter, gradient, state)
    next

let private mistakes =
    let momentum = Optimiser.Momentum 0.1
    let w = Expr.Parameter("w", shape [ 2; 3 ])

    refusals "mistakes" [
        "training an input",
        (fun () -> (momentum.Init(x [ 2 ]))[0]),
        "momentum: only a parameter can be trained; got input \"x\" : f32[2]. Make one: Expr.Parameter(\"w\", [784, 10])?"

        "a gradient that would broadcast",
        (fun () -> update momentum w (x []) (momentum.Init w)),
        "momentum: the gradient must have the parameter's type; got f32[] for \"w\" f32[2,3]. Take it with respect to this parameter."

        "no state",
        (fun () -> update momentum w (x [ 2; 3 ]) ImmutableArray.Empty),
        "momentum: the state of \"w\" must be as Init made it; got [] for [f32[2,3]]. Call Init with this parameter."

        "another parameter's state",
        (fun () -> update (Optimiser.Adam(0.1, biasCorrection = false)) w (x [ 2; 3 ]) (ImmutableArray.Create(x [ 2 ], x [ 2 ]))),
        "adam: the state of \"w\" must be as Init made it; got [f32[2], f32[2]] for [f32[2,3], f32[2,3]]. Call Init with this parameter."

        "a negative rate",
        (fun () -> (Optimiser.Adam(-0.1).Init w)[0]),
        "optimiser: the learning rate must be a finite number, at least 0; got -0.1. 0.01 is a start."

        "a rate for each element",
        (fun () -> (Optimiser.Adam(x [ 2 ]).Init w)[0]),
        "optimiser: the learning rate must be a scalar, f32[] or f64[]; got f32[2]. Reshape or cast it."

        "a velocity that never fades",
        (fun () -> (Optimiser.Nesterov(0.1, 1.0).Init w)[0]),
        "nesterov: mu must be at least 0 and less than 1; got 1. 0.9 is usual."

        "a beta that is not a number",
        (fun () -> (Optimiser.Adam(0.1, beta2 = nan).Init w)[0]),
        "adam: beta2 must be at least 0 and less than 1; got NaN. 0.9 is usual."

        "no epsilon",
        (fun () -> (Optimiser.Adam(0.1, epsilon = 0.0).Init w)[0]),
        "adam: epsilon must be a finite number above 0; got 0. 1e-8 is usual."
    ]

[<Tests>]
let tests = testList "optimisers" [ formulas; facts; mistakes ]
