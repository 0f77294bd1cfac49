/// Gates from lambdas, F#'s and C#'s: what they print, compute and refuse, and that their derivatives are right.
module Cv.Tests.GateTests

open System
open System.Linq.Expressions
open System.Reflection
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Generators
open Expecto

/// Functions that no derivative is known of.
module Own =
    let cube (x: float) = x * x * x

/// Every gate that the library brings, with the settings that it has unless told otherwise.
let gallery: (string * (unit -> ScalarGate)) list = [
    let flags = BindingFlags.Static ||| BindingFlags.Public

    for property in typeof<Gate>.GetProperties flags do
        if property.PropertyType = typeof<ScalarGate> then
            property.Name, (fun () -> property.GetValue null |> nonNull |> unbox)

    for made in typeof<Gate>.GetMethods flags do
        if
            made.ReturnType = typeof<ScalarGate>
            && made.Name <> "Define"
            && not made.IsSpecialName
        then
            let arguments = [| for p in made.GetParameters() -> p.DefaultValue |]
            made.Name, (fun () -> made.Invoke(null, arguments) |> nonNull |> unbox)
]

let private slope = 0.25f
let private settings = {| Scale = 3.0f; Shift = 0.1 |}
let mutable private mutableScale = 2.0f

type private Defined = { Make: unit -> ScalarGate; Text: string; Derivatives: string list }

let private is text derivatives make = { Make = make; Text = text; Derivatives = derivatives }

/// What F# hands over: the gate's text, and that of its derivatives.
let private texts: Defined list = [
    is "swish(x) = x * Sigmoid(x)" [ "Sigmoid(x) + x * (Sigmoid(x) * (1 - Sigmoid(x)))" ] (fun () ->
        Gate.Define("swish", fun (x: float32) -> x / (1.0f + exp -x)))
    is "tanh(x) = Tanh(x)" [ "1 - y * y" ] (fun () -> Gate.Define("tanh", fun (x: float32) -> tanh x))
    is "exp(x) = Exp(x)" [ "y" ] (fun () -> Gate.Define("exp", fun (x: float) -> exp x))
    is "relu(x) = Max(x, 0)" [ "y > 0 ? 1 : 0" ] (fun () -> Gate.Define("relu", fun (x: float32) -> max x 0.0f))
    is "clip(x) = Min(1, Max(x, -1))" [ "Max(x, -1) > -1 ? (y < Max(x, -1) ? 0 : 1) : 0" ] (fun () ->
        Gate.Define("clip", fun (x: float) -> min 1.0 (max x -1.0)))
    is "leak(x) = x > 0 ? x : 0.1 * x" [ "x > 0 ? 1 : 0.1" ] (fun () ->
        Gate.Define("leak", fun (x: float32) -> if x > 0.0f then x else 0.1f * x))
    is "captured(x) = 0.25 * x * 3 + 2" [ "0.75" ] (fun () ->
        Gate.Define("captured", fun (x: float32) -> slope * x * settings.Scale + mutableScale))
    is "pi(x) = 3.141592653589793 * x + 2.718281828459045" [ "3.141592653589793" ] (fun () ->
        Gate.Define("pi", fun (x: float32) -> MathF.PI * x + float32 Math.E))
    is "let(x) = Sigmoid(x)" [ "y * (1 - y)" ] (fun () -> Gate.Define("let", fun (x: float) -> (let e = exp x in e / (1.0 + e))))
    is "local(x) = (x + 1) * (x + 1)" [ "2 * (x + 1)" ] (fun () ->
        Gate.Define("local", fun (x: float) -> (let square = (fun z -> z * z) in square (x + 1.0))))
    is "power(x) = Pow(x, 3) + x * x" [ "3 * (x * x) + 2 * x" ] (fun () -> Gate.Define("power", fun (x: float) -> x ** 3.0 + pown x 2))
    is "root(x) = Sqrt(Abs(x))" [ "0.5 / y * Sign(x)" ] (fun () -> Gate.Define("root", fun (x: float) -> sqrt (abs x)))
    is "steps(x) = Floor(x) + Ceiling(x) + Round(x) + Truncate(x)" [ "0" ] (fun () ->
        Gate.Define("steps", fun (x: float) -> floor x + ceil x + round x + truncate x))
    is "pipe(x) = Cos(Sin(x))" [ "-(Sin(Sin(x)) * Cos(x))" ] (fun () -> Gate.Define("pipe", fun (x: float) -> x |> sin |> cos))
    is "signed(x) = Sign(x) * x" [ "Sign(x)" ] (fun () -> Gate.Define("signed", fun (x: float) -> float (sign x) * x))
    is "band(x) = x > 0 && !(x > 1) || x == 3 ? 1 : x" [ "x > 0 && !(x > 1) || x == 3 ? 0 : 1" ] (fun () ->
        Gate.Define("band", fun (x: float) -> if x > 0.0 && not (x > 1.0) || x = 3.0 then 1.0 else x))
    is "softplus(x) = Softplus(x)" [ "Sigmoid(x)" ] (fun () -> Gate.Define("softplus", fun (x: float) -> log (1.0 + exp x)))
    is "small(x) = Log1p(x) + Expm1(x)" [ "1 / (x + 1) + Exp(x)" ] (fun () ->
        Gate.Define("small", fun (x: float) -> log (1.0 + x) + (exp x - 1.0)))
    is "other(x) = Sigmoid(-x)" [ "-(y * (1 - y))" ] (fun () -> Gate.Define("other", fun (x: float) -> 1.0 - 1.0 / (1.0 + exp -x)))
    is "likely(x) = -Softplus(-x)" [ "Sigmoid(-x)" ] (fun () -> Gate.Define("likely", fun (x: float) -> log (1.0 / (1.0 + exp -x))))
    is "distance(a, b) = Sqrt(a * a + b * b)" [ "0.5 / y * (2 * a)"; "0.5 / y * (2 * b)" ] (fun () ->
        Gate.Define("distance", fun (a: float) b -> sqrt (a * a + b * b)))
    is "blend(a, b, c, d) = a * b + c * d" [ "b"; "a"; "d"; "c" ] (fun () -> Gate.Define("blend", fun (a: float32) b c d -> a * b + c * d))
    is "squash(x) = x / (1 + Abs(x))" [ "(1 - Abs(y)) * (1 - Abs(y))" ] (fun () ->
        Gate.Define("squash", (fun (x: float32) -> x / (1.0f + abs x)), (fun x y -> (1.0f - abs y) * (1.0f - abs y))))
]

let private nameOf (text: string) = text.Substring(0, text.IndexOf '(')

let private printed =
    testList "text" [
        for gate in texts do
            testCase (nameOf gate.Text)
            <| fun () ->
                let made = gate.Make()
                Expect.equal (made.ToString()) gate.Text "the rule"
                Expect.equal [ for i in 0 .. made.Count - 1 -> made.Derivative i ] gate.Derivatives "its derivatives"

        testCase "a float's literal that was widened is read as it was written"
        <| fun () ->
            let x = Expression.Parameter(typeof<float>, "x")

            for written in [ 0.1f; 0.3f; 1.7f; 0.5f; 1e-4f ] do
                let rule =
                    Expression.Lambda<Func<float, float>>(Expression.Multiply(Expression.Constant(float written), x), x)

                let meant = string written
                Expect.equal (Gate.Define("f", rule).ToString()) $"f(x) = {meant} * x" "the text"

            let rule =
                Expression.Lambda<Func<float, float>>(Expression.Add(Expression.Constant(1.0 / 3.0), x), x)

            Expect.equal (Gate.Define("f", rule).ToString()) $"f(x) = {string (1.0 / 3.0)} + x" "a double stays as it is"

        testCase "what repeats in a long rule has a name"
        <| fun () ->
            let gate =
                Gate.Define(
                    "long",
                    fun (x: float) ->
                        let e = exp x
                        let s = sin e + cos e
                        let t = s * s + e * s
                        let u = t * t + s * t
                        u * u + t * u
                )

            Expect.equal
                (gate.ToString())
                "long(x) = t1 = Exp(x); t2 = Sin(t1) + Cos(t1); t3 = t2 * t2 + t1 * t2; t4 = t3 * t3 + t2 * t3; t4 * t4 + t3 * t4"
                "the text"
    ]

/// Points at which a gate is smooth, for each argument: probabilities and their logarithms where the gate wants such.
let private pointsOf (gate: ScalarGate) =
    match gate.Name with
    | "focal" -> [ [ -2.3 ]; [ -0.4 ]; [ -0.05 ] ]
    | "small" -> [ [ -0.4 ]; [ 0.7 ]; [ 2.1 ] ]
    | "divergence" -> [ [ -2.3; 0.4 ]; [ -0.2; 0.7 ]; [ -1.0; 0.1 ] ]
    | "cosine" -> [ [ 0.3; 1.2; 0.8 ]; [ -0.7; 2.3; 1.9 ] ]
    | "contrastive" -> [ [ 0.3; 1.0 ]; [ 0.4; 0.0 ]; [ 2.5; 0.0 ] ]
    | _ -> [
        for x in [ -4.1; -1.3; -0.4; 0.35; 0.8; 3.7 ] do
            [
                for i in 0 .. gate.Count - 1 do
                    if i = 0 then x else 0.6 + 0.3 * float i
            ]
      ]

let private run (rule: LambdaExpression) (arguments: float list) =
    rule.Compile().DynamicInvoke(arguments |> List.map box |> Array.ofList) :?> float

let private difference (f: float -> float) x =
    let h = 1e-3 * max 0.1 (abs x)

    (8.0 * (f (x + h) - f (x - h)) - (f (x + 2.0 * h) - f (x - 2.0 * h)))
    / (12.0 * h)

let private own =
    [ for gate in texts -> nameOf gate.Text, gate.Make ]
    @ [
        "cosh", (fun () -> Gate.Define("cosh", fun (x: float) -> Math.Cosh x * Math.Cbrt(x + 9.0)))
        "atan2", (fun () -> Gate.Define("atan2", fun (a: float) b -> Math.Atan2(a, b) + a % 5.0))
    ]

let private derivatives =
    testList "derivatives" [
        testCase "the gallery is found"
        <| fun () ->
            let names = gallery |> List.map fst |> List.sort

            Expect.equal
                (String.concat " " names)
                "BinaryCrossEntropy Contrastive Cosine Divergence Elu Focal Gelu GeluTanh HardSigmoid Hinge Huber LeakyRelu Mish Prelu Relu Selu SmoothL1 Softplus SquaredHinge Swish Triplet"
                "by name"

        for name, make in gallery @ own do
            testCase $"{name}: symbolic, numeric, by vjp and by jvp"
            <| fun () ->
                let gate = make ()

                for point in pointsOf gate do
                    let leaves =
                        point |> List.mapi (fun i _ -> Expr.Input($"x{i}", shape [], DType.F64))

                    let y = gate.Of(Array.ofList leaves)
                    let bindings = point |> List.mapi (fun i v -> $"x{i}", [| v |])
                    Expect.floatClose Accuracy.veryHigh (Evaluate.item bindings y) (run gate.Rule point) "the value"

                    for i in 0 .. gate.Count - 1 do
                        let numeric = difference (fun v -> run gate.Rule (List.updateAt i v point)) point[i]

                        let tolerance = { absolute = 1e-9; relative = 1e-8 }

                        let close how actual =
                            Expect.floatClose tolerance actual numeric $"{how}, by {i} at {point}: {gate.Derivative i}"

                        close "the derivative" (run (gate.DerivativeRule i) point)

                        if not gate.HasOwnDerivative then
                            close "the rule's derivative" (run (ScalarDerivative.Of(gate.Rule, i)) point)

                        let by = Gradient.Of(y, [| leaves[i] |], Unreached.Zero)[0]
                        close "by vjp" (Evaluate.item bindings by)
                        close "by jvp" (Evaluate.item bindings (Jvp.Of(y, [| leaves[i] |], [| y.Like 1.0 |], Unreached.Zero)))
    ]

let private stable =
    testList "finite, value and gradient, far out" [
        for name, make in gallery do
            testCase name
            <| fun () ->
                let gate = make ()
                // the others take probabilities, or squares
                let domain =
                    if List.contains name [ "Focal"; "Divergence"; "Cosine"; "Contrastive" ] then
                        0
                    else
                        gate.Count

                for dtype in [ DType.F32; DType.F64 ] do
                    for moving in 0 .. domain - 1 do
                        let at = [| -1e4; -200.0; -90.0; -1e-39; 0.0; 1e-39; 90.0; 200.0; 1e4 |]
                        let operands = [| for i in 0 .. gate.Count - 1 -> Expr.Input($"x{i}", shape [ at.Length ], dtype) |]
                        let y = gate.Of operands
                        let outputs = y :: List.ofSeq (Gradient.Of(y.Sum(), operands, Unreached.Zero))
                        let values = [ for i in 0 .. gate.Count - 1 -> $"x{i}", (if i = moving then at else Array.create at.Length 0.75) ]
                        let interpreted = Run.interpreted outputs values
                        let compiled = Run.compiled VectorWidth.Bits256 1 outputs values
                        Expect.all (Array.concat interpreted) Double.IsFinite $"interpreted: %A{interpreted}"
                        Expect.isTrue (Run.near (if dtype = DType.F32 then 1e-6 else 1e-14) compiled interpreted) $"compiled: %A{compiled}"

        testCase "a swish's gradient far out is 0 and 1"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2 ])
            let g = Gradient.Of(x.Swish().Sum(), x)[0]
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ g ] [ "x", [| -1e4; 1e4 |] ]).Head [ 0.0; 1.0 ] "both ends"

        testCase "a softplus's gradient at 0 is a half"
        <| fun () ->
            let x = Expr.Input("x", shape [ 1 ])
            let g = Gradient.Of(x.Softplus().Sum(), x)[0]
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ g ] [ "x", [| 0.0 |] ]).Head [ 0.5 ] "sigmoid 0"
    ]

/// The gallery at points, by the formulas of the papers.
let private byDefinition =
    let at name (make: unit -> ScalarGate) (point: float list) expected =
        testCase name (fun () -> Expect.floatClose Accuracy.veryHigh (run (make ()).Rule point) expected "the value")

    testList "by definition" [
        at "relu" (fun () -> Gate.Relu) [ -1.0 ] 0.0
        at "leaky relu" (fun () -> Gate.LeakyRelu()) [ -2.0 ] -0.02
        at "prelu" (fun () -> Gate.Prelu) [ -2.0; 0.25 ] -0.5
        at "elu" (fun () -> Gate.Elu()) [ -1.0 ] (exp -1.0 - 1.0)
        at "elu of 2" (fun () -> Gate.Elu 2.0) [ -1.0 ] (2.0 * (exp -1.0 - 1.0))
        at "selu above" (fun () -> Gate.Selu) [ 1.0 ] 1.0507009873554805
        at "selu below" (fun () -> Gate.Selu) [ -1.0 ] -1.1113307378125628
        at "gelu" (fun () -> Gate.Gelu) [ 1.0 ] 0.8413447460685429
        at "gelu by tanh" (fun () -> Gate.GeluTanh) [ 1.0 ] 0.8411919906082768
        at "softplus" (fun () -> Gate.Softplus) [ 0.0 ] (log 2.0)
        at "swish" (fun () -> Gate.Swish) [ 1.0 ] 0.7310585786300049
        at "mish" (fun () -> Gate.Mish) [ 1.0 ] 0.8650983882673103
        at "hard sigmoid" (fun () -> Gate.HardSigmoid) [ 1.0 ] (4.0 / 6.0)
        at "huber near" (fun () -> Gate.Huber()) [ 0.5 ] 0.125
        at "huber far" (fun () -> Gate.Huber 2.0) [ -3.0 ] 4.0
        at "smooth L1 near" (fun () -> Gate.SmoothL1 2.0) [ 1.0 ] 0.25
        at "smooth L1 far" (fun () -> Gate.SmoothL1 2.0) [ -3.0 ] 2.0
        at "focal" (fun () -> Gate.Focal()) [ log 0.5 ] (0.25 * log 2.0)
        at "hinge" (fun () -> Gate.Hinge) [ 0.5; -1.0 ] 1.5
        at "squared hinge" (fun () -> Gate.SquaredHinge) [ 0.5; -1.0 ] 2.25
        at "divergence" (fun () -> Gate.Divergence) [ log 0.25; 0.5 ] (0.5 * log 2.0)
        at "cosine" (fun () -> Gate.Cosine) [ 3.0; 4.0; 9.0 ] 0.5
        at "contrastive of others" (fun () -> Gate.Contrastive()) [ 0.36; 0.0 ] 0.08
        at "contrastive of the same" (fun () -> Gate.Contrastive()) [ 0.36; 1.0 ] 0.18
        at "triplet" (fun () -> Gate.Triplet()) [ 1.0; 0.9 ] 0.3

        let zeros = [ "a", Array.zeroCreate 6; "b", Array.zeroCreate 6; "same", [| 0.0; 1.0 |] ]
        let a, b = Expr.Input("a", shape [ 2; 3 ]), Expr.Input("b", shape [ 2; 3 ])
        let same = Expr.Input("same", shape [ 2 ], DType.I32)

        for name, y, values in
            [
                "cosine similarity of zeros", a.CosineSimilarity b, zeros
                "contrastive in one place", a.Contrastive(b, same), zeros
                "focal, certain", (a.Sum(1)).Apply(Gate.Focal 0.5), zeros
                "divergence from what is 0", a.KlDivergence b, zeros
            ] do
            testCase $"{name}: a value of 0 or so, and gradients that are finite"
            <| fun () ->
                let outputs = y :: List.ofSeq (Gradient.Of(y.Sum(), [| a; b |], Unreached.Zero))
                let actual = Run.compiled VectorWidth.Bits256 1 outputs values
                Expect.all (Array.concat actual) Double.IsFinite $"%A{actual}"

        testCase "maxout takes the largest of neighbours"
        <| fun () ->
            let x = Expr.Input("x", shape [ 1; 6 ])

            Expect.sequenceEqual
                (Run.interpreted [ x.Maxout 3 ] [ "x", [| 1.0; 5.0; 2.0; -4.0; -3.0; -9.0 |] ]).Head
                [ 5.0; -3.0 ]
                "two of six"
    ]

let private masks =
    testList "masks" [
        testCase "an infinity in the branch not taken reaches no gradient"
        <| fun () ->
            let gate = Gate.Define("f", fun (x: float32) -> if x > 0.0f then log x else x)

            let x = Expr.Input("x", shape [ 3 ])
            let y = x.Apply gate
            let first = Gradient.Of(y.Sum(), x)[0]
            let second = Gradient.Of(first.Sum(), x)[0]
            let values = [ "x", [| 0.0; -1.0; 2.0 |] ]
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ first ] values).Head [ 1.0; 1.0; 0.5 ] "first"
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ second ] values).Head [ 0.0; 0.0; -0.25 ] "second"

        testCase "what comes from above is masked before it is multiplied"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2 ], DType.F64)
            let y = x.Relu()
            let dy = Expr.Input("dy", shape [ 2 ], DType.F64)
            let flow = nonNull (y.Op.Vjp(y, dy)[0])
            let values = [ "x", [| -1.0; 1.0 |]; "dy", [| infinity; 2.0 |] ]
            Expect.sequenceEqual (Run.interpreted [ flow ] values).Head [ 0.0; 2.0 ] "0, not NaN"
    ]

let private kernels =
    testList "compiled" [
        testCase "a gate expands to primitives and shares its terms with its gradient"
        <| fun () ->
            let x = Expr.Input("x", shape [ 1000 ])
            let y = x.Apply(Gate.Define("swish", fun (x: float32) -> x / (1.0f + exp -x)))
            let gradient = Gradient.Of(y.Sum(), x)[0]
            let nodes = Pass.RunAll(Pipeline.Passes, Graph(y, gradient)).Nodes

            Expect.equal
                (nodes
                 |> Seq.filter (fun e -> e.Op :? Sigmoid && obj.ReferenceEquals(e.Operands[0], x))
                 |> Seq.length)
                1
                "one sigmoid"

            Expect.isFalse (nodes |> Seq.exists (fun e -> e.Op :? Gated)) "no gate is left"

        testCase "equal gates are one node"
        <| fun () ->
            let make () =
                Gate.Define("f", fun (x: float32) -> tanh x * 2.0f)

            let x = Expr.Input("x", shape [ 3 ])
            Expect.isTrue (obj.ReferenceEquals(x.Apply(make ()), x.Apply(make ()))) "interned"
            Expect.equal (make ()) (make ()) "equal"
            Expect.notEqual (make ()) (Gate.Define("f", fun (x: float32) -> tanh x * 3.0f)) "another number"
            Expect.notEqual (make ()) (Gate.Define("g", fun (x: float32) -> tanh x * 2.0f)) "another name"

            Expect.notEqual
                (Gate.Define("f", (fun (x: float32) -> tanh x), (fun x y -> 1.0f - y * y)))
                (Gate.Define("f", fun (x: float32) -> tanh x))
                "a derivative by hand"

        for name, make in
            [
                "a function without an op", (fun () -> Gate.Define("f", fun (x: float32) -> x * MathF.Cosh x + MathF.Atan2(x, 2.0f)))
                "rounding", (fun () -> Gate.Define("f", fun (x: float32) -> x - floor x + round x * ceil x))
                "f64 functions that f32 lacks",
                (fun () -> Gate.Define("f", fun (x: float) -> SpecialFunctions.Remainder(x, 0.7) * Double.Exp2 x))
                "an own function", (fun () -> Gate.Define("f", (fun (x: float) -> Math.Sin(Own.cube x)), (fun x y -> 0.0 * y * x)))
            ] do
            testCase $"{name} runs at every width"
            <| fun () ->
                for dtype in [ DType.F32; DType.F64 ] do
                    let x = Expr.Input("x", shape [ 37 ], dtype)
                    let values = [ "x", numbers 5 [ 37 ] |> List.head ]
                    let y = x.Apply(make ())
                    let expected = Run.interpreted [ y ] values

                    for width in Run.widths do
                        let actual = Run.compiled width 2 [ y ] values

                        Expect.isTrue
                            (Run.near (if dtype = DType.F32 then 1e-6 else 1e-13) actual expected)
                            $"{width}: %A{actual} %A{expected}"

        testCase "a gate of several operands broadcasts"
        <| fun () ->
            let a = Expr.Input("a", shape [ 2; 3 ], DType.F64)
            let b = Expr.Input("b", shape [ 1; 3 ], DType.F64)
            let y = a.Prelu b
            Expect.equal (y.Type.ToString()) "f64[2,3]" "type"
            Differences.check 3 y

        testCase "a constant gate has the shape of its operand"
        <| fun () ->
            let x = Expr.Input("x", shape [ 2; 3 ])
            let y = x.Apply(Gate.Define("one", fun (_: float32) -> 1.0f))
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 [ y ] [ "x", Array.zeroCreate 6 ]).Head (Array.create 6 1.0) "ones"
    ]

let private cotangent (flow: Expr) =
    Collections.Immutable.ImmutableArray.Create<Expr | null>([| flow |])

/// A running sum by managed code: linear, and its own transpose but for the direction.
let rec private runningSum () =
    Gate.Custom(
        TensorRule(
            "running_sum",
            Infer = (fun types -> types[0]),
            Evaluate = (fun _ x -> Array.scan (+) 0.0 x[0] |> Array.tail),
            Vjp = (fun _ dy -> cotangent (dy.Flip(0).Apply(runningSum ()).Flip 0)),
            IsLinear = true
        )
    )

let private custom =
    let x = Expr.Input("x", shape [ 4 ], DType.F64)
    let w = Expr.Input("w", shape [ 4 ], DType.F64)

    testList "custom" [
        testCase "managed code, linear: value, gradient and jvp"
        <| fun () ->
            let sum = runningSum ()
            let y = x.Apply sum

            Expect.sequenceEqual
                (Run.compiled VectorWidth.Bits256 1 [ y ] [ "x", [| 1.0; 2.0; 3.0; 4.0 |] ]).Head
                [ 1.0; 3.0; 6.0; 10.0 ]
                "value"

            Differences.check 1 (y * y)
            let moved = Jvp.Of(y, [| x |], [| w |])
            Expect.isTrue (obj.ReferenceEquals(moved, w.Apply sum)) "itself of the tangent"

        testCase "a composition has the derivatives of its parts"
        <| fun () ->
            let gate =
                Gate.Custom(TensorRule("weighted", 2, Forward = fun x -> (x[0] * x[1].Tanh()).Sum()))

            let y = gate.Of(x, x * x) // of operands that depend on each other
            Differences.check 2 y
            let same = (x * (x * x).Tanh()).Sum()
            let values = [ "x", [| 0.3; -0.7; 1.1; 0.4 |]; "w", [| 1.0; -1.0; 0.5; 2.0 |] ]

            match Run.interpreted [ Jvp.Of(y, [| x |], [| w |]); Jvp.Of(same, [| x |], [| w |]); y; same ] values with
            | [ actual; expected; a; b ] ->
                Expect.floatClose Accuracy.veryHigh actual[0] expected[0] "jvp"
                Expect.floatClose Accuracy.veryHigh a[0] b[0] "value"
            | _ -> failtest "four"

        testCase "a vjp of its own is used, and its transpose is the jvp"
        <| fun () ->
            let gate =
                Gate.Custom(TensorRule("straight", Forward = (fun x -> x[0].Sign()), Vjp = fun y dy -> cotangent (dy * y.Operands[0])))

            let y = x.Apply gate
            let values = [ "x", [| 0.5; -2.0; 3.0; 0.25 |]; "w", [| 1.0; 2.0; -1.0; 4.0 |] ]

            Expect.sequenceEqual
                (Run.compiled VectorWidth.Bits256 1 [ Gradient.Of(y.Sum(), x)[0] ] values).Head
                [ 0.5; -2.0; 3.0; 0.25 ]
                "x"

            Expect.sequenceEqual
                (Run.compiled VectorWidth.Bits256 1 [ Jvp.Of(y, [| x |], [| w |]) ] values).Head
                [ 0.5; -4.0; -3.0; 1.0 ]
                "x w"

        testCase "a jvp of its own is used"
        <| fun () ->
            let gate =
                Gate.Custom(TensorRule("own", Forward = (fun x -> x[0] * 2.0), Jvp = fun _ tangents -> nonNull tangents[0] * 3.0))

            let moved = Jvp.Of(x.Apply gate, [| x |], [| w |])

            Expect.sequenceEqual
                (Run.interpreted [ moved ] [ "w", [| 1.0; 2.0; 3.0; 4.0 |]; "x", Array.zeroCreate 4 ]).Head
                [ 3.0; 6.0; 9.0; 12.0 ]
                "3 w"
    ]

type private Rule =
    static member Of(f: Expression<Func<float, float>>) = f :> LambdaExpression

let private mistakes =
    let x = Expr.Input("x", shape [ 4 ])

    let refuses name (run: unit -> obj) expected =
        testCase name (fun () ->
            Expect.throwsC (run >> ignore) (fun ex ->
                Expect.isTrue (ex :? GraphException) $"a GraphException: {ex}"
                Expect.equal (Mistakes.text ex) expected "the text"))

    let rule name = TensorRule(name)

    testList "mistakes" [
        refuses
            "a function of one's own"
            (fun () -> Gate.Define("f", fun (x: float) -> 2.0 * Own.cube x))
            "gate \"f\": a scalar function may be made of arithmetic, comparisons, conditionals and functions of Math; got Own.cube(x). Write it out, or give the derivative as well: Gate.Define(name, forward, derivative)?"

        refuses
            "a whole number from an argument"
            (fun () -> Gate.Define("f", fun (x: float) -> float (int x)))
            "gate \"f\": a scalar function may be made of arithmetic, comparisons, conditionals and functions of Math; got Convert(Convert(x, Int32), Double). Write it out, or give the derivative as well: Gate.Define(name, forward, derivative)?"

        refuses
            "the gradient of what has none by hand"
            (fun () ->
                let gate = Gate.Define("f", (fun (x: float) -> x), (fun x y -> Own.cube (x * y)))

                let x = Expr.Input("x", shape [], DType.F64)
                Gradient.Of(Gradient.Of(x.Apply gate, x)[0], x))
            "gradient: a derivative must be known for each function; got cube, which no gate defines one for. Give it by hand: Gate.Define(name, forward, derivative)?"

        refuses
            "the derivative of a function that nobody knows"
            (fun () -> ScalarDerivative.Of(Rule.Of(fun x -> 1.0 + Own.cube x), 0))
            "scalar_derivative: a derivative must be known for each function; got cube(x). Give it by hand: Gate.Define(name, forward, derivative)?"

        refuses
            "a derivative by hand that is no mathematics"
            (fun () -> Gate.Define("f", (fun (x: float) -> x), (fun x y -> float (int (x * y)))))
            "gate \"f\": a scalar function may be made of arithmetic, comparisons, conditionals and functions of Math; got Convert(Convert((x * y), Int32), Double). Write it out, or call a static method of one or two numbers."

        refuses
            "managed code that forgets an element"
            (fun () ->
                let gate =
                    Gate.Custom(
                        TensorRule(
                            "f",
                            Evaluate = (fun _ _ -> [| 1.0 |]),
                            Infer = (fun types -> types[0]),
                            Vjp = (fun _ dy -> cotangent dy)
                        )
                    )

                Evaluate.value [ "x", Array.zeroCreate 4 ] (x.Apply gate))
            "gate \"f\": Evaluate must give each element of its result, f32[4]; got 1 of 4. Make an array of y.Shape.Size."

        refuses
            "a vjp that forgets an operand"
            (fun () ->
                let gate =
                    Gate.Custom(TensorRule("f", 2, Forward = (fun x -> x[0] * x[1]), Vjp = (fun _ dy -> cotangent dy)))

                Gradient.Of(gate.Of(x, x).Sum(), x))
            "gate \"f\": Vjp must give a cotangent, or null, for each operand; got 1 for 2. One for each, in order."

        refuses
            "no name"
            (fun () -> Gate.Define(" ", fun (x: float) -> x))
            "gate: a gate must have a name, for dumps and messages; got none. Give it one: Gate.Define(\"swish\", ...)?"

        refuses
            "too few operands"
            (fun () -> Gate.Prelu.Of x)
            "gate \"prelu\": there must be as many operands as arguments; got 1 for 2. Give all of them: gate.Of(a, b)?"

        refuses
            "an argument that is not there"
            (fun () -> Gate.Prelu.Derivative 2)
            "gate \"prelu\": an argument must be a number from 0 to 1; got 2. The first is 0."

        refuses
            "integers"
            (fun () -> (Expr.Input("i", shape [ 4 ], DType.I32)).Swish())
            "swish: operands must be f32 or f64; got i32[4]. Cast first: .Cast(DType.F32)?"

        refuses "a delta of 0" (fun () -> x.Huber(x, 0.0)) "huber: the delta must be a finite number above 0; got 0. 1 is usual."
        refuses "a beta below 0" (fun () -> x.SmoothL1(x, -1.0)) "smooth_l1: the beta must be a finite number above 0; got -1. 1 is usual."
        refuses "an alpha that is not a number" (fun () -> x.Elu nan) "elu: the alpha must be a finite number; got NaN. 1 is usual."

        refuses
            "another margin of pairs"
            (fun () -> Gate.Contrastive infinity)
            "contrastive: the margin must be a finite number above 0; got Infinity. 1 is usual."

        refuses
            "a negative margin of triplets"
            (fun () -> Gate.Triplet -1.0)
            "triplet: the margin must be a finite number, at least 0; got -1. 0.2 is usual, for vectors of length 1."

        refuses
            "a negative gamma"
            (fun () -> Gate.Focal -1.0)
            "focal_loss: the gamma must be a finite number, at least 0; got -1. 2 is usual."

        refuses
            "a part above 1"
            (fun () -> (Expr.Input("s", shape [ 2; 3 ])).LabelSmoothing(Expr.Input("l", shape [ 2 ], DType.I32), 1.5))
            "label_smoothing: the part that all classes share must be from 0 to 1; got 1.5. 0.1 is usual."

        refuses
            "pieces that do not divide"
            (fun () -> (Expr.Input("s", shape [ 2; 3 ])).Maxout 2)
            "maxout: the features, f32 or f64 along a known last dim, must divide into groups of the pieces; got f32[2,3] for 2. Make pieces times as many: .Dense(features * pieces)?"

        refuses
            "pairs of two shapes"
            (fun () -> x.Hinge(Expr.Input("t", shape [ 5 ])))
            "hinge: scores and targets must be of one type, f32 or f64; got f32[4] and f32[5]. Cast or reshape one side."

        refuses
            "vectors that are numbers"
            (fun () -> (x.Sum()).CosineSimilarity(x.Sum()))
            "cosine_similarity: the vectors and their partners must be of one type, f32 or f64 with the features along the last dim; got f32[] and f32[]. Cast or reshape one side."

        refuses
            "pairs without labels"
            (fun () -> x.Contrastive(x, x))
            "contrastive: labels must be i32, 1 for the same and 0 for others, with the vectors' shape less the last dim; got f32[4] and f32[4]. For vectors [N,64], give labels i32[N]."

        refuses
            "a custom gate of nothing"
            (fun () -> Gate.Custom(TensorRule("f", 0)))
            "gate \"f\": a gate must have an operand at least; got 0. What has none is a constant."

        refuses
            "a custom gate that computes nothing"
            (fun () -> Gate.Custom(rule "f"))
            "gate \"f\": a function of tensors must be computed in one way; got neither Forward nor Evaluate. Give Forward, a composition, or Evaluate, managed code."

        refuses
            "managed code without a type"
            (fun () -> Gate.Custom(TensorRule("f", Evaluate = fun _ x -> x[0])))
            "gate \"f\": managed code must say the type of its result; got no Infer. Keep the operand's: Infer = types => types[0]?"

        refuses
            "managed code without a derivative"
            (fun () -> Gate.Custom(TensorRule("f", Evaluate = (fun _ x -> x[0]), Infer = fun types -> types[0])))
            "gate \"f\": managed code must bring its derivative; got no Vjp. Where no gradient flows, say so: Vjp = (y, dy) => [null]?"

        refuses
            "a composition of something else"
            (fun () -> x.Apply(Gate.Custom(TensorRule("f", Forward = fun y -> y[0] + Expr.Input("z", shape [ 4 ])))))
            "gate \"f\": a composition must be made of its operands alone; got input \"z\" : f32[4]. Make it an operand: Count = 2?"
    ]

[<Tests>]
let tests =
    testList "gates" [ printed; derivatives; byDefinition; stable; masks; kernels; custom; mistakes ]
