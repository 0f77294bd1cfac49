/// Tangents forward, of every differentiable op on random shapes: against central differences in f64, and as the adjoint of what goes back.
module Cv.Tests.ForwardTests

open System.Collections.Immutable
open Cv.Compiler
open Cv.Dsl
open Cv.Tests.Cases
open Cv.Tests.ErrorTextTests
open Cv.Tests.Generators
open Expecto
open FsCheck
open FsCheck.FSharp

/// Far less than the distance between numbers of `Generators.numbers`, so that no step crosses a kink or a tie.
let private step = 1e-4

let private tolerance = { absolute = 1e-9; relative = 1e-7 }

/// The f64 leaves of a node, each with a tangent, which is an input too.
let private moving (y: Expr) = [
    for name, leaf in List.distinct (Evaluate.named [ y ]) do
        if leaf.DType = DType.F64 then
            name, leaf, Expr.Input("d" + name, leaf.Shape, DType.F64)
]

let private forward (y: Expr) =
    let moving = moving y

    Jvp.Of(y, [| for _, leaf, _ in moving -> leaf |], [| for _, _, tangent in moving -> tangent |], Unreached.Zero)

/// The change of every element along the tangents, by the five-point formula: its error is of the fourth order.
let private change (y: Expr) (values: (string * float[]) list) =
    let at (offset: float) =
        Evaluate.value (Evaluate.moved offset values) y

    let near = Array.map2 (-) (at step) (at -step)
    let far = Array.map2 (-) (at (2.0 * step)) (at (-2.0 * step))
    Array.map2 (fun near far -> (8.0 * near - far) / (12.0 * step)) near far

let private dot (a: float[]) (b: float[]) = Array.sum (Array.map2 (*) a b)

/// The derivative along a direction is that of the differences, element by element; and <u, J v> = <J^T u, v>.
let private check seed (y: Expr) =
    let dy = forward y
    Expect.equal dy.Type y.Type "a value moves within its type"
    let leaves = moving y
    let u = Expr.Input("u", y.Shape, DType.F64)

    let back =
        Vjp.Of(y, u, [| for _, leaf, _ in leaves -> leaf |], Unreached.Zero)
        |> List.ofSeq

    let bindings =
        Evaluate.randomBindings seed (y :: u :: dy :: [ for _, _, tangent in leaves -> tangent ])

    let all = Map bindings
    let moved = Evaluate.value bindings dy

    Array.iter2
        (fun actual expected -> Expect.floatClose tolerance actual expected $"moves\n{Evaluate.text [ y ]}")
        moved
        (change y bindings)

    let there = dot all["u"] moved

    let andBack =
        List.map2 (fun (name, _, _) cotangent -> dot (Evaluate.value bindings cotangent) all["d" + name]) leaves back
        |> List.sum

    Expect.floatClose { absolute = 1e-11; relative = 1e-11 } there andBack $"<u, J v> and <J^T u, v> of\n{Evaluate.text [ y ]}"

let private isRight name (cases: Gen<Expr>) =
    testProperty name (Prop.forAll (Arb.zip (Arb.fromGen (Gen.map Case cases), seed)) (fun (case, seed) -> check seed case.Y))

let private x = Expr.Input("x", shape [ 3 ], DType.F64)
let private y = Expr.Input("y", shape [ 3 ], DType.F64)
let private dx = Expr.Input("dx", shape [ 3 ], DType.F64)
let private ones = x.Like(1.0).BroadcastTo x.Shape

/// Where a function has no derivative, or more than one, the way forward takes the one that the way back takes.
let private kinks =
    let is name (f: Expr) (at: float list) (expected: float list) =
        testCase name (fun () ->
            let slope = [ Jvp.Of(f, [| x |], [| ones |]) ]
            let values = [ "x", Array.ofList at; "y", [| 1.0; -2.0; 3.0 |] ]
            Expect.sequenceEqual (Run.interpreted slope values).Head expected "interpreted"
            Expect.sequenceEqual (Run.compiled VectorWidth.Bits256 1 slope values).Head expected "compiled")

    testList "kinks" [
        is "abs at 0" (x.Abs()) [ -1.0; 0.0; 2.0 ] [ -1.0; 0.0; 1.0 ]
        is "relu at 0 and NaN" (x.Relu()) [ nan; 0.0; 2.0 ] [ 0.0; 0.0; 1.0 ]
        is "a tie of maximum goes to the second" (x.Maximum y) [ 1.0; 0.0; 3.0 ] [ 0.0; 1.0; 0.0 ]
        is "a tie of minimum goes to the second" (y.Minimum x) [ 1.0; 0.0; 3.0 ] [ 1.0; 0.0; 1.0 ]
        is "several largest share" (x.Max([| 0 |], true)) [ 2.0; 2.0; -1.0 ] [ 1.0 ]
        is "NaN takes no part of the largest" (x.Max([| 0 |], true)) [ 2.0; nan; -1.0 ] [ 0.0 ]
        is "sqrt at 0" (x.Sqrt()) [ 4.0; 0.0; 1.0 ] [ 0.25; infinity; 0.5 ]
        is "by a power, where the base is not positive" ((y.Minimum 1.0).Pow x + x) [ 1.0; 2.0; 0.0 ] [ 1.0; 1.0; 1.0 ]
        is "the branch not taken, though it is NaN" (Expr.Select(Expr.op_GreaterThan (x, 0.0), x.Log(), x)) [ -1.0; 1.0; 2.0 ] [
            1.0
            1.0
            0.5
        ]
        is "a power of 0" (x.Pow 0.0 + x) [ 0.0; -1.0; 2.0 ] [ 1.0; 1.0; 1.0 ]
        is "a square at 0" (x.Pow 2.0) [ 0.0; -1.0; 2.0 ] [ 0.0; -2.0; 4.0 ]
        is "stop_gradient" (x * x.StopGradient()) [ 1.0; 2.0; 3.0 ] [ 1.0; 2.0; 3.0 ]
        is "sign is flat" (x.Sign() + x) [ -1.0; 0.0; 2.0 ] [ 1.0; 1.0; 1.0 ]
    ]

let private walks =
    testList "walks" [
        testCase "a node that depends on another moves by both"
        <| fun () ->
            let square = x * x
            let slope = Jvp.Of(square.Sin(), [| x; square |], [| dx; ones |])
            let at = [ "x", [| 0.5; 1.0; -1.0 |]; "dx", [| 2.0; 0.0; 1.0 |] ]

            let expected =
                [ 0.5, 2.0; 1.0, 0.0; -1.0, 1.0 ]
                |> List.map (fun (x, dx) -> cos (x * x) * (2.0 * x * dx + 1.0))

            List.iter2 (fun a e -> Expect.floatClose Accuracy.veryHigh a e "both") (List.ofArray (Evaluate.value at slope)) expected

        testCase "a derivative written by hand is taken forward too"
        <| fun () ->
            // what is clipped passes the gradient on: no derivative of the function does
            let clip =
                Gate.Define("clip", (fun (x: float) -> min x 1.0), (fun (x: float) (y: float) -> 0.5 * x))

            let slope = Jvp.Of(clip.Of x, [| x |], [| ones |])
            Expect.sequenceEqual (Evaluate.value [ "x", [| 2.0; -1.0; 0.5 |] ] slope) [ 1.0; -0.5; 0.25 ] "half of x"

        testCase "an infinite tangent meets no zero of a derivative"
        <| fun () ->
            let slope = Jvp.Of(x.Maximum 0.0, [| x |], [| dx |])
            let at = [ "x", [| -1.0; 2.0; 0.0 |]; "dx", [| infinity; infinity; nan |] ]
            Expect.sequenceEqual (Evaluate.value at slope) [ 0.0; infinity; 0.0 ] "relu"

        testCase "operands of one op move apart, though one is made of the other"
        <| fun () ->
            // an op's tangents are given whole: what flows through the square is in its own already
            let square = x * x
            let moves = ImmutableArray.Create(dx, ones)

            let slope =
                Forward.Of(ImmutableArray.Create(x * square), ImmutableArray.Create(x, square), moves, true)[0]

            let at = [ "x", [| 0.5; 1.0; -1.0 |]; "dx", [| 2.0; 0.0; 1.0 |] ]

            match Option.ofObj slope with
            | Some slope -> Expect.sequenceEqual (Evaluate.value at slope) [ 1.0; 1.0; 0.0 ] "x^2 dx + x"
            | None -> failtest "it moves"

        testCase "a value moves as itself"
        <| fun () -> Expect.isTrue (obj.ReferenceEquals(Jvp.Of(x, [| x |], [| dx |]), dx)) "the tangent"

        testCase "what does not move is refused, or zeros"
        <| fun () ->
            let zeros = Jvp.Of(y, [| x |], [| dx |], Unreached.Zero)
            Expect.sequenceEqual (Evaluate.value [] zeros) [ 0.0; 0.0; 0.0 ] "zeros"
            let zeros = Gradient.Of(y.Sum(), [| x; y |], Unreached.Zero)[0]
            Expect.equal zeros.Type x.Type "of the node's type"
            Expect.sequenceEqual (Evaluate.value [] zeros) [ 0.0; 0.0; 0.0 ] "zeros"

        testCase "a loss comes beside its gradient"
        <| fun () ->
            let loss = (x * x).Sum()
            let struct (value, gradients) = Gradient.WithValue(loss, x)
            Expect.isTrue (obj.ReferenceEquals(value, loss)) "the loss"
            Expect.isTrue (obj.ReferenceEquals(gradients[0], Gradient.Of(loss, x)[0])) "the gradient"

        testCase "another rule takes the place of the ops' own"
        <| fun () ->
            let negated (y: Expr) (dy: Expr) =
                ImmutableArray.CreateRange(y.Op.Vjp(y, dy), Option.ofObj >> Option.map (fun (flow: Expr) -> -flow) >> Option.toObj)

            let gradient = Gradient.Of(x.Sin().Sum(), [| x |], Unreached.Error, negated)[0]
            // a reshape, a sum and a sine: three signs
            Expect.sequenceEqual (Evaluate.value [ "x", [| 0.0; 0.0; 0.0 |] ] gradient) [ -1.0; -1.0; -1.0 ] "minus cosine"
    ]

let private errors =
    refusals "errors" [
        "a node without a tangent",
        (fun () -> Jvp.Of(x, [| x; y |], [| dx |])),
        "jvp: each node must have its tangent; got 2 nodes and 1 tangents. Give zeros for one that does not move, or drop it."

        "a tangent of another type",
        (fun () -> Jvp.Of(x, [| x |], [| dx.Cast DType.F32 |])),
        "jvp: a tangent must be of its node's type, f32 or f64; got f32[3] for input \"x\" : f64[3]. Cast or broadcast one of them."

        "a value that is no float",
        (fun () -> Jvp.Of(x.Cast DType.I32, [| x |], [| dx |])),
        "jvp: a value must be f32 or f64; got cast i32 : i32[3]. Differentiate what it was made of."

        "a value that does not move",
        (fun () -> Jvp.Of(y.Sin(), [| x |], [| dx |])),
        "jvp: the value must depend on a node that moves; got sin : f64[3] and input \"x\" : f64[3]. Name another node, or ask for zeros: Unreached.Zero?"

        "a cotangent of another type",
        (fun () -> Vjp.Of(x.Sin(), dx.Sum(), [| x |])[0]),
        "vjp: the cotangent must be of the value's type, f32 or f64; got f64[] for f64[3]. Cast or broadcast one of them."

        "an op without a rule",
        (fun () ->
            let noise =
                Expr.Uniform(shape [ 2 ], Expr.Input("step", shape [], DType.I32), 1u, DType.F64)

            noise.Op.Jvp(noise, ImmutableArray.CreateRange [ (null: Expr | null) ])
            |> Option.ofObj
            |> Option.get),
        "jvp: an op must say how its result moves; got uniform key 00000001 : f64[2], which does not. Override Op.Jvp in it."

        "a node that no cotangent reaches",
        (fun () -> Vjp.Of(x.Sin(), dx, [| y |])[0]),
        "vjp: the value must depend on each node it is differentiated by; got sin : f64[3] and input \"y\" : f64[3], which no gradient reaches. Drop it from the list, or ask for zeros: Unreached.Zero?"
    ]

[<Tests>]
let tests =
    testList "forward" [
        testList "ops" [
            for op, cases in differentiable do
                yield!
                    cases
                    |> List.mapi (fun i cases -> isRight (if i = 0 then op.Name else $"{op.Name} {i + 1}") cases)
        ]
        testList "samples" [
            for op in Catalogue.ops do
                if not (Catalogue.isNamed op) && Catalogue.isDifferentiable op then
                    testCase (Catalogue.nameOf op)
                    <| fun () ->
                        for sample in Catalogue.samples op do
                            let y = sample.WithDType DType.F64

                            if y.DType = DType.F64 then
                                check 1 y
        ]
        kinks
        walks
        errors
    ]
