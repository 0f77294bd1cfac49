/// Breaks the derivatives of the library's gates where random points from 1/4 to 2 do not look, and counts what the checker catches.
module Cv.Tests.GateMutationTests

open System
open System.Linq.Expressions
open Cv.Dsl
open Cv.Testing
open Expecto

/// A derivative, and its arguments: another in its place.
type private Mutant = { Name: string; Break: ParameterExpression list -> Expression -> Expression option }

let private number (x: float) : Expression = Expression.Constant x

let private abs' (x: Expression) : Expression =
    Expression.Call(typeof<Math>.GetMethod("Abs", [| typeof<float> |]) |> nonNull, x)

let private choose (test: Expression) (a: Expression) (b: Expression) : Expression = Expression.Condition(test, a, b)

/// Replaces the n-th node that a function changes.
type private Replace(n: int, change: Expression -> Expression list) =
    inherit ExpressionVisitor()
    let mutable seen = 0
    member _.Done = seen > n

    override this.Visit(node: Expression | null) : Expression | null =
        match node with
        | null -> null
        | node ->
            match change node with
            | [] -> base.Visit node
            | others ->
                let first = seen
                seen <- seen + others.Length

                if n >= first && n < seen then
                    others[n - first]
                else
                    base.Visit node

let private forgotten (node: Expression) =
    match node with
    | :? ConditionalExpression as c -> [ c.IfTrue; c.IfFalse ]
    | :? MethodCallExpression as m when m.Method.Name = "Max" || m.Method.Name = "Min" -> List.ofSeq m.Arguments
    | :? MethodCallExpression as m when m.Method.Name = "Abs" -> List.ofSeq m.Arguments
    | _ -> []

let private where name (test: Expression -> Expression) (change: Expression -> Expression) = {
    Name = name
    Break = fun arguments body -> Some(choose (test arguments.Head) (change body) body)
}

let private mutants = [
    for n in 0..7 do
        {
            Name = $"threshold {n} forgotten"
            Break =
                fun _ body ->
                    let replace = Replace(n, forgotten)
                    let changed = replace.Visit body
                    if replace.Done then Option.ofObj changed else None
        }

    let changes: (string * (Expression -> Expression)) list = [
        "half as much again", (fun d -> Expression.Multiply(d, number 1.5))
        "0", (fun _ -> number 0.0)
        "1 more", (fun d -> Expression.Add(d, number 1.0))
        "the sign", (fun d -> Expression.Negate d)
    ]

    for change, f in changes do
        for far in [ 4.0; 20.0; 1e10 ] do
            where $"{change} beyond {far}" (fun x -> Expression.GreaterThan(abs' x, number far)) f

        for near in [ 0.1; 1e-6; 1e-30 ] do
            where $"{change} within {near}" (fun x -> Expression.LessThan(abs' x, number near)) f

        where $"{change} above 0" (fun x -> Expression.GreaterThan(x, number 0.0)) f
        where $"{change} below 0" (fun x -> Expression.LessThan(x, number 0.0)) f
        where $"{change} at 0" (fun x -> Expression.Equal(x, number 0.0)) f
]

/// The gate with other derivatives.
let private gateOf (gate: ScalarGate) (derivatives: Expression list) (parameters: ParameterExpression list list) =
    let y = Expression.Parameter(typeof<float>, "y")
    let rule = gate.Rule

    match derivatives, parameters with
    | [ d ], [ [ x ] ] ->
        Gate.Define(
            gate.Name,
            Expression.Lambda<Func<float, float>>(rule.Body, rule.Parameters),
            Expression.Lambda<Func<float, float, float>>(d, x, y)
        )
    | [ d; e ], [ [ a; b ]; [ p; q ] ] ->
        Gate.Define(
            gate.Name,
            Expression.Lambda<Func<float, float, float>>(rule.Body, rule.Parameters),
            Expression.Lambda<Func<float, float, float, float>>(d, a, b, y),
            Expression.Lambda<Func<float, float, float, float>>(e, p, q, y)
        )
    | _ -> failtest "gates of one or two arguments"

type private Outcome =
    | Caught
    | Equal
    | Survived

/// Every size, for telling that a mutant changes nothing: numbers that the checker does not draw.
let private sizes = [|
    0.0

    for e in -44.0 .. 0.37..38.4 do
        10.0 ** e
        -(10.0 ** e)
|]

let private same (gate: ScalarGate) argument (broken: LambdaExpression) =
    let run (rule: LambdaExpression) =
        let f = rule.Compile()
        fun (x: float list) -> f.DynamicInvoke [| for v in x -> box v |] |> nonNull |> unbox<float>

    let before, after = run (gate.DerivativeRule argument), run broken

    [
        for x in sizes do
            if gate.Count = 1 then
                [ x ]
            else
                for z in [ -1.3; 0.0; 0.7 ] do
                    [ x; z ]
    ]
    |> List.forall (fun x ->
        let a, b = before x, after x

        a.Equals b
        || abs (a - b) <= 1e-9 * abs a
        || (abs a < 1.2e-38 && abs b < 1.2e-38))

let private outcome (gate: ScalarGate) (mutant: Mutant) =
    let rules = [ for i in 0 .. gate.Count - 1 -> gate.DerivativeRule i ]
    let parameters = rules |> List.map (fun rule -> List.ofSeq rule.Parameters)

    match mutant.Break parameters.Head rules.Head.Body with
    | None -> None
    | Some broken ->
        let all = broken :: (rules.Tail |> List.map _.Body)

        if Check.Everywhere(gateOf gate all parameters, jumps = true).Verdict = Verdict.Fail then
            Some Caught
        elif same gate 0 (Expression.Lambda(broken, rules.Head.Parameters)) then
            Some Equal
        else
            Some Survived

/// What the checker may miss, and why.
let private explained = [
    // at a kink, whatever lies between both sides is right
    "relu: 1 more at 0"
    // both branches are one function, written twice so that nothing overflows: either has the derivative of the other
    "binary_cross_entropy: threshold 0 forgotten"
    "leaky_relu: half as much again at 0"
]

[<Tests>]
let tests =
    testList "mutation of gates" [
        testCase "the checker catches what is wrong at a threshold, far out, near 0, on one side"
        <| fun () ->
            let results = [
                for _, make in GateTests.gallery do
                    let gate = make ()

                    if gate.Count <= 2 then
                        for mutant in mutants do
                            match outcome gate mutant with
                            | Some result -> $"{gate.Name}: {mutant.Name}", result
                            | None -> ()
            ]

            let count result =
                results |> List.filter (snd >> (=) result) |> List.length

            let wrong = results.Length - count Equal

            printfn
                "mutation score of gates: %d of %d wrong derivatives caught, %.1f %%; %d more change no value"
                (count Caught)
                wrong
                (100.0 * float (count Caught) / float wrong)
                (count Equal)

            Expect.isGreaterThan wrong 300 "mutants"
            Expect.sequenceEqual (results |> List.filter (snd >> (=) Survived) |> List.map fst) explained "what survived is explained"
    ]
