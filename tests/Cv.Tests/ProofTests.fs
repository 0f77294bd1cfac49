/// Derivatives proved by algebra: what is right in any form is proved, what is wrong never is, and mostly refuted.
module Cv.Tests.ProofTests

open System
open System.IO
open System.Linq.Expressions
open Cv.Dsl
open Cv.Testing
open Expecto
open FsCheck.FSharp

let private proved name (gate: ScalarGate) (texts: string list) =
    testCase $"proves {name}" (fun () ->
        let proof = Prove.Derivative gate
        Expect.equal proof.Status ProofStatus.Proved (string proof)
        Expect.isLessThanOrEqual proof.LogError -30.0 (string proof)

        for text in texts do
            Expect.stringContains (string proof) text "the text")

let private refuted name (gate: ScalarGate) (texts: string list) =
    testCase $"refutes {name}" (fun () ->
        let proof = Prove.Derivative gate
        Expect.equal proof.Status ProofStatus.Refuted (string proof)

        for text in texts do
            Expect.stringContains (string proof) text "the text")

let private open' name (gate: ScalarGate) (texts: string list) =
    testCase $"leaves open {name}" (fun () ->
        let proof = Prove.Derivative gate
        Expect.equal proof.Status ProofStatus.NotProved (string proof)

        for text in texts do
            Expect.stringContains (string proof) text "the text")

let private forms =
    testList "forms" [
        proved
            "relu6"
            (Gate.Define(
                "relu6",
                (fun (x: float) -> min (max x 0.0) 6.0),
                (fun (x: float) (y: float) -> if y > 0.0 && x < 6.0 then 1.0 else 0.0)
            ))
            [
                "on 3 branches"
                "at x = 0: the value is continuous, the derivative jumps from 0 to 1, and is 0 there"
                "at x = 6: the value is continuous, the derivative jumps from 1 to 0"
            ]
        proved "tanh by its value" (Gate.Define("t", (fun (x: float) -> tanh x), (fun (x: float) (y: float) -> (1.0 - y) * (1.0 + y)))) []
        proved
            "tanh by exponentials"
            (Gate.Define("t", (fun (x: float) -> tanh x), (fun (x: float) (y: float) -> 4.0 / ((exp x + exp -x) ** 2.0) + 0.0 * y)))
            []
        proved
            "a sigmoid by tanh"
            (Gate.Define(
                "s",
                (fun (x: float) -> 1.0 / (1.0 + exp -x)),
                (fun (x: float) (y: float) -> (1.0 - tanh (x / 2.0) ** 2.0) / 4.0 + 0.0 * y)
            ))
            []
        proved "softplus" (Gate.Define("s", (fun (x: float) -> log (1.0 + exp x)), (fun (x: float) (y: float) -> 1.0 - exp -y))) []
        proved
            "swish, by its value and a sigmoid"
            (Gate.Define("s", (fun (x: float) -> x / (1.0 + exp -x)), (fun (x: float) (y: float) -> y + (1.0 - y) / (1.0 + exp -x))))
            []
        proved
            "gelu by literals of f32"
            (Gate.Define(
                "gelu",
                (fun (x: float32) -> 0.5f * x * (1.0f + SpecialFunctions.Erf(x * 0.70710677f))),
                (fun (x: float32) (y: float32) ->
                    0.5f * (1.0f + SpecialFunctions.Erf(x / MathF.Sqrt 2.0f))
                    + x * 0.3989423f * MathF.Exp(-0.5f * x * x)
                    + 0.0f * y)
            ))
            [ "0.70710677 as sqrt(2) / 2"; "0.3989423 as sqrt(2) / (2 sqrt(pi))" ]
        proved
            "gelu_tanh by sech"
            (Gate.Define(
                "gelu_tanh",
                (fun (x: float) -> 0.5 * x * (1.0 + tanh (0.7978845608028654 * (x + 0.044715 * x * x * x)))),
                (fun (x: float) (y: float) ->
                    (let u = 0.7978845608028654 * (x + 0.044715 * x * x * x) in

                     0.5 * (1.0 + tanh u)
                     + 0.5 * x / (cosh u * cosh u)
                       * 0.7978845608028654
                       * (1.0 + 3.0 * 0.044715 * x * x)
                     + 0.0 * y))
            ))
            [ "0.7978845608028654 as sqrt(2) / sqrt(pi)" ]
        proved
            "selu, its two literals multiplied"
            (Gate.Define(
                "selu",
                (fun (x: float) -> 1.0507009873554805 * (if x > 0.0 then x else 1.6732632423543772 * (exp x - 1.0))),
                (fun (x: float) (y: float) ->
                    if x > 0.0 then
                        1.0507009873554805
                    else
                        y + 1.7580993408473766)
            ))
            [ "1.7580993408473766 as " ]
        proved "a root" (Gate.Define("r", (fun (x: float) -> sqrt (1.0 + x * x)), (fun (x: float) (y: float) -> x / y))) []
        proved
            "roots of products"
            (Gate.Define(
                "r",
                (fun (x: float) -> sqrt (exp x) * sqrt (1.0 + x * x)),
                (fun (x: float) (y: float) -> y / 2.0 + exp (x / 2.0) * x / sqrt (1.0 + x * x))
            ))
            []
        proved
            "powers"
            (Gate.Define("p", (fun (x: float) -> (1.0 + x * x) ** 1.5), (fun (x: float) (y: float) -> 3.0 * x * y ** (1.0 / 3.0))))
            []
        proved
            "a power with a fraction"
            (Gate.Define(
                "p",
                (fun (x: float) -> (1.0 + x * x) ** 1.5),
                (fun (x: float) (y: float) -> 3.0 * x * sqrt (1.0 + x * x) + 0.0 * y)
            ))
            []
        proved
            "a sine by half angles"
            (Gate.Define(
                "s",
                (fun (x: float) -> sin (2.0 * x)),
                (fun (x: float) (y: float) -> 2.0 * cos x * cos x - 2.0 * sin x * sin x + 0.0 * y)
            ))
            []
        proved
            "a sine that is shifted"
            (Gate.Define("s", (fun (x: float) -> sin (x + Math.PI / 2.0)), (fun (x: float) (y: float) -> -sin x + 0.0 * y)))
            [ "as pi / 2" ]
        proved
            "an exponential that is shifted"
            (Gate.Define("e", (fun (x: float) -> exp (x + 1.0)), (fun (x: float) (y: float) -> Math.E * exp x + 0.0 * y)))
            [ "2.718281828459045 as e" ]
        proved
            "exponents of another base"
            (Gate.Define(
                "e",
                (fun (x: float) -> 4.0 ** x),
                (fun (x: float) (y: float) -> 2.0 * 0.6931471805599453 * exp (x * 1.3862943611198906) + 0.0 * y)
            ))
            [ "1.3862943611198906 as 2 ln(2)" ]
        proved
            "a logarithm of a product"
            (Gate.Define("l", (fun (x: float) -> log (x * x * exp x)), (fun (x: float) (y: float) -> 2.0 / x + 1.0 + 0.0 * y)))
            []
        proved "log cosh" (Gate.Define("l", (fun (x: float) -> log (cosh x)), (fun (x: float) (y: float) -> tanh x + 0.0 * y))) []
        proved
            "the inverse hyperbolic sine, written out"
            (Gate.Define(
                "a",
                (fun (x: float) -> log (x + sqrt (x * x + 1.0))),
                (fun (x: float) (y: float) -> 1.0 / sqrt (x * x + 1.0) + 0.0 * y)
            ))
            []
        proved
            "an abs, by sign"
            (Gate.Define("a", (fun (x: float) -> abs (x - 3.0)), (fun (x: float) (y: float) -> float (sign (x - 3.0)) + 0.0 * y)))
            [ "at x = 3: the value is continuous, the derivative jumps from -1 to 1" ]
        proved
            "softshrink"
            (Gate.Define(
                "s",
                (fun (x: float) ->
                    if x > 0.5 then x - 0.5
                    elif x < -0.5 then x + 0.5
                    else 0.0),
                (fun (x: float) (y: float) -> if abs x > 0.5 then 1.0 else 0.0 * y)
            ))
            []
        proved
            "a value that jumps, by its derivative"
            (Gate.Define("j", (fun (x: float) -> if x > 1.0 then x + 0.5 else x), (fun (x: float) (y: float) -> 1.0 + 0.0 * y)))
            [ "at x = 1: the value jumps from 1 to 1.5" ]
        proved
            "smooth at the threshold"
            (Gate.Define(
                "h",
                (fun (x: float) -> if abs x < 1.0 then 0.5 * x * x else abs x - 0.5),
                (fun (x: float) (y: float) -> max -1.0 (min 1.0 x) + 0.0 * y)
            ))
            [ "at x = 1: the value is continuous, the derivative is continuous" ]
        proved
            "two arguments"
            (Gate.Define(
                "b",
                (fun (x: float) (z: float) -> x ** z),
                (fun (x: float) (z: float) (y: float) -> z * y / x),
                (fun (x: float) (z: float) (y: float) -> y * log x)
            ))
            []
        proved
            "a maximum of two"
            (Gate.Define(
                "m",
                (fun (x: float) (z: float) -> max (2.0 * x) z),
                (fun (x: float) (z: float) (y: float) -> if x > z / 2.0 then 2.0 else 0.0 * y),
                (fun (x: float) (z: float) (y: float) -> if z < 2.0 * x then 0.0 else 1.0 + 0.0 * y)
            ))
            []

        refuted
            "relu6 without the 6"
            (Gate.Define("relu6", (fun (x: float) -> min (max x 0.0) 6.0), (fun (x: float) (y: float) -> if x > 0.0 then 1.0 else 0.0 * y)))
            [ "it is 1, and must be 0" ]
        refuted
            "a factor of 1.000001"
            (Gate.Define("t", (fun (x: float) -> tanh x), (fun (x: float) (y: float) -> 1.000001 * (1.0 - y * y))))
            []
        refuted
            "a constant one ulp of f32 beside the right one"
            (Gate.Define("g", (fun (x: float32) -> 0.70710677f * x), (fun (x: float32) (y: float32) -> 0.7071069f + 0.0f * x * y)))
            []
        refuted
            "softplus with 0 above 20"
            (Gate.Define(
                "s",
                (fun (x: float) -> if x > 20.0 then x else log (1.0 + exp x)),
                (fun (x: float) (y: float) -> if x > 20.0 then 0.0 * y else 1.0 / (1.0 + exp -x))
            ))
            []
        refuted
            "1 for softplus above 20, by 2e-9"
            (Gate.Define(
                "s",
                (fun (x: float) -> log (1.0 + exp x)),
                (fun (x: float) (y: float) -> if x > 20.0 then 1.0 + 0.0 * y else 1.0 / (1.0 + exp -x))
            ))
            []
        open'
            "a method of the user"
            (Gate.Define("own", (fun (x: float) -> EverywhereTests.Mine.smooth x), (fun (x: float) (y: float) -> 3.0 * x * x + 0.0 * y)))
            [ "the method smooth, whose derivative nobody knows" ]

        testCase "the checker's report holds it"
        <| fun () ->
            let report = Check.GateReport(Gate.Swish, 1)
            Expect.equal report.Verdict Verdict.Proved (string report)

            Expect.stringContains
                (string report)
                "proved: on 1 branch, the derivative of swish is that of its formula for all reals; degree "
                "the proof"

            Expect.stringStarts (string report) "proved: the gradient of swish" "the verdict"
    ]

/// What is not proved of what the library brings, with the reason.
let private notProved =
    Map [ "cast", "it is no formula of single numbers that has a derivative" ]

let private ops =
    Catalogue.ops
    |> List.filter (fun op ->
        op.IsSubclassOf typeof<Elementwise>
        && Catalogue.isDifferentiable op
        && op <> typeof<Gated>
        && op <> typeof<StraightThrough>)

/// The table of docs/PROOFS.md.
let private table () =
    let row name (proof: Proof) =
        let verdict =
            if proof.IsProved then
                "proved"
            else
                $"not proved: {proof.Reason}"

        let constants = String.concat ", " proof.Constants
        $"| `{name}` | {verdict} | {constants} |"

    [
        "| gate or op | its derivative | literals read as constants |"
        "|---|---|---|"
        for _, make in GateTests.gallery do
            let gate = make ()
            row gate.Name (Prove.Derivative gate)
        for op in ops do
            row (Catalogue.nameOf op) (Prove.Derivative(Catalogue.blank op))
    ]

let private library =
    testList "library" [
        for _, make in GateTests.gallery do
            let gate = make ()

            testCase gate.Name
            <| fun () ->
                let proof = Prove.Derivative gate

                match Map.tryFind gate.Name notProved with
                | Some reason -> Expect.stringContains (string proof) reason "why not"
                | None -> Expect.equal proof.Status ProofStatus.Proved (string proof)

        for op in ops do
            testCase (Catalogue.nameOf op)
            <| fun () ->
                let proof = Prove.Derivative(Catalogue.blank op)

                match Map.tryFind (Catalogue.nameOf op) notProved with
                | Some reason -> Expect.stringContains (string proof) reason "why not"
                | None -> Expect.equal proof.Status ProofStatus.Proved (string proof)

        testCase "docs/PROOFS.md lists all"
        <| fun () ->
            let folder = Path.Combine(Option.get Catalogue.sources, "..", "..", "..", "docs")

            let written =
                File.ReadAllLines(Path.Combine(folder, "PROOFS.md"))
                |> Array.filter (fun line -> line.StartsWith '|')
                |> List.ofArray

            let expected = table ()
            let all = String.concat "\n" expected
            Expect.sequenceEqual written expected $"the table is:\n{all}"
    ]

let private call name (x: Expression) : Expression =
    let home =
        if name = "Erf" || name = "Sigmoid" || name = "Softplus" then
            typeof<SpecialFunctions>
        else
            typeof<Math>

    Expression.Call(home.GetMethod(name, [| typeof<float> |]) |> nonNull, x)

let private number (c: float) : Expression = Expression.Constant c
let private add (a: Expression) (b: Expression) : Expression = Expression.Add(a, b)
let private times (a: Expression) (b: Expression) : Expression = Expression.Multiply(a, b)
let private over (a: Expression) (b: Expression) : Expression = Expression.Divide(a, b)
let private minus (a: Expression) (b: Expression) : Expression = Expression.Subtract(a, b)

/// Random functions of x, with constants that are no multiples of each other.
let private terms (x: Expression) =
    let rec term depth =
        gen {
            if depth = 0 then
                let! c = Gen.elements [ 0.5; 2.0; 3.0; 0.7; 1.25 ]
                return! Gen.elements [ x; x; x; number c ]
            else
                let! a = term (depth - 1)
                let! b = term (depth - 1)
                let! c = Gen.elements [ 0.5; 2.0; -1.5; 0.3 ]

                return!
                    Gen.elements [
                        add a b
                        minus a (times (number c) b)
                        times a b
                        times (number c) a
                        over a (add (number 2.0) (times b b))
                        call "Exp" (times (number c) (call "Tanh" a))
                        call "Log" (add (number 1.5) (times a a))
                        call "Tanh" a
                        call "Sigmoid" (times (number c) a)
                        call "Sin" a
                        call "Erf" a
                        call "Softplus" a
                        call "Sqrt" (add (number 1.0) (times a a))
                        Expression.Condition(Expression.GreaterThan(x, number c), a, b)
                        call "Abs" (minus x (number c))
                    ]
        }

    gen {
        let! depth = Gen.choose (1, 3)
        return! term depth
    }

/// Writes a function in another form that is equal: sums and products turned round, functions by others.
type private Scrambled() =
    inherit ExpressionVisitor()

    override this.VisitBinary node =
        let a, b = this.Visit node.Left |> nonNull, this.Visit node.Right |> nonNull

        match node.NodeType with
        | ExpressionType.Add -> add b a
        | ExpressionType.Multiply -> times b a
        | ExpressionType.Subtract -> add (times (number -1.0) b) a
        | ExpressionType.Divide -> times (over (number 1.0) b) a
        | _ -> node.Update(a, node.Conversion, b)

    override this.VisitMethodCall node =
        let a = this.Visit node.Arguments[0] |> nonNull

        match node.Method.Name with
        | _ when node.Arguments.Count > 1 -> base.VisitMethodCall node
        | "Tanh" -> minus (times (number 2.0) (call "Sigmoid" (times (number 2.0) a))) (number 1.0)
        | "Sigmoid" -> over (call "Exp" a) (add (call "Exp" a) (number 1.0))
        | "Cosh" -> times (number 0.5) (add (call "Exp" (times (number -1.0) a)) (call "Exp" a))
        | _ -> node.Update(node.Object, [ a ])

let private randomGate =
    gen {
        let x = Expression.Parameter(typeof<float>, "x")
        let! body = terms x
        return Expression.Lambda<Func<float, float>>(body, x)
    }

let private derivativeOf (f: Expression<Func<float, float>>) =
    let gate = Gate.Define("f", f)
    gate.DerivativeRule 0

let private withDerivative (f: Expression<Func<float, float>>) (rule: LambdaExpression) (change: Expression -> Expression) =
    let y = Expression.Parameter(typeof<float>, "y")
    Gate.Define("f", f, Expression.Lambda<Func<float, float, float>>(change rule.Body, rule.Parameters[0], y))

let private random =
    testList "random functions" [
        // quotients within exponents, and roots of more numbers than points have, may stay open
        testCase "their derivatives are proved in another form, most of them, and none is refuted"
        <| fun () ->
            let proofs =
                Gen.sample 60 randomGate
                |> Array.map (fun f ->
                    let gate =
                        withDerivative f (derivativeOf f) (fun body -> Scrambled().Visit body |> nonNull)

                    let proof = Prove.Derivative gate
                    Expect.notEqual proof.Status ProofStatus.Refuted $"{gate}: {proof}"
                    proof)

            let open' = proofs |> Array.filter (fun proof -> not proof.IsProved)
            Expect.isLessThan open'.Length 20 $"%A{open'}"

        testPropertyWithConfig { FsCheckConfig.defaultConfig with maxTest = 60 } "a derivative that is changed is never proved"
        <| Prop.forAll (Arb.fromGen (Gen.zip randomGate (Gen.choose (0, 5)))) (fun (f, kind) ->
            let rule = derivativeOf f
            let x = rule.Parameters[0] :> Expression

            let change (body: Expression) =
                match kind with
                | 0 -> Expression.Negate body :> Expression
                | 1 -> times (number 1.000001) body
                | 2 -> add body (number 1e-6)
                | 3 -> Expression.Condition(Expression.GreaterThan(x, number 2.5), add body (number 1.0), body)
                | 4 -> add body (times (number 1e-9) x)
                | _ -> times body (call "Cosh" (times (number 1e-3) x))

            let isZero =
                match rule.Body with
                | :? ConstantExpression as c -> obj.Equals(c.Value, 0.0)
                | _ -> false

            if not (isZero && (kind < 2 || kind = 5)) then
                let proof = Prove.Derivative(withDerivative f rule change)

                // a derivative that is 0 wherever it is changed is not changed
                if proof.Status = ProofStatus.Proved then
                    let before, after =
                        rule.Compile(), (withDerivative f rule change).DerivativeRule(0).Compile()

                    for v in [ -7.3; -1.1; -0.2; 0.4; 1.7; 2.9; 11.0 ] do
                        Expect.equal (before.DynamicInvoke [| box v |]) (after.DynamicInvoke [| box v |]) $"{f}, {kind}: {proof}")
    ]

/// Mutants of the gallery's derivatives: none may be proved, unless it changes no value.
let private mutants =
    testCase "mutants of the gallery are never proved"
    <| fun () ->
        for _, make in GateTests.gallery do
            let gate = make ()

            if gate.Count = 1 then
                let f = Expression.Lambda<Func<float, float>>(gate.Rule.Body, gate.Rule.Parameters)
                let rule = gate.DerivativeRule 0
                let x = rule.Parameters[0] :> Expression

                for name, change in
                    [
                        "the sign", (fun body -> Expression.Negate body :> Expression)
                        "a factor", times (number 1.000001)
                        "a term", (fun body -> add body (times (number 1e-6) x))
                        "a threshold", (fun body -> Expression.Condition(Expression.GreaterThan(x, number 7.5), number 0.25, body))
                        "a sign on one side",
                        (fun body -> Expression.Condition(Expression.LessThan(x, number -1.0), Expression.Negate body, body))
                    ] do
                    let proof = Prove.Derivative(withDerivative f rule change)

                    let isFlat =
                        name = "a sign on one side"
                        && [ "relu"; "hard_sigmoid" ] |> List.contains gate.Name

                    if not isFlat then
                        Expect.isFalse proof.IsProved $"{gate.Name}, {name}: {proof}"

let private arithmetic =
    testList "arithmetic" [
        testCase "primes are primes, and have the roots that are wanted"
        <| fun () ->
            let random = Random 5

            for _ in 1..20 do
                let p = Primes.Draw random
                Expect.equal (p % 4UL) 3UL "-1 is no square"
                Expect.isGreaterThan p (1UL <<< 60) "61 bits"
                let a = 1UL + uint64 (random.NextInt64()) % (p - 1UL)
                Expect.equal (Primes.Multiply(a, Primes.Inverse(a, p), p)) 1UL "an inverse"
                Expect.equal (Primes.Power(a, p - 1UL, p)) 1UL "Fermat"

            let small = [
                for n in 2UL .. 2000UL do
                    if Primes.IsPrime n then
                        n
            ]

            let sieve = [
                for n in 2UL .. 2000UL do
                    if Seq.forall (fun d -> n % d <> 0UL) (seq { 2UL .. n - 1UL }) then
                        n
            ]

            Expect.sequenceEqual small sieve "as a sieve has them"

            for composite in [ 3215031751UL; 3825123056546413051UL; 2305843009213693953UL ] do
                Expect.isFalse (Primes.IsPrime composite) $"{composite}"

        testCase "a decimal is read as it is written"
        <| fun () ->
            for text, up, down in [ "0.1", 1, 10; "-2.5e-3", -1, 400; "1200", 1200, 1; "0.044715", 8943, 200000 ] do
                let r =
                    Rational.OfDecimal(Double.Parse(text, Globalization.CultureInfo.InvariantCulture))

                Expect.equal (r.Up, r.Down) (Numerics.BigInteger up, Numerics.BigInteger down) text
    ]

[<Tests>]
let tests = testList "proofs" [ forms; library; random; mutants; arithmetic ]
