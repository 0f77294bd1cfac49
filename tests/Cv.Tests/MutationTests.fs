/// Breaks each op's derivative in several ways, and counts what the checker catches. `dotnet run -c Release --project tests/Cv.Tests -- --filter mutation` prints the score.
module Cv.Tests.MutationTests

open System
open System.Collections.Generic
open System.Collections.Immutable
open Cv.Dsl
open Cv.Testing
open Expecto

/// A flow of a rule, null where none flows.
type private Flow = Expr | null

/// One way to break the derivative of an op: it sees a node, its cotangent and its flows, and gives other flows; null where there is nothing to break.
type private Mutant = { Name: string; Break: Expr -> Expr -> ImmutableArray<Flow> -> ImmutableArray<Flow> option }

let private at i (change: Expr -> Expr -> Expr -> Flow option) name = {
    Name = $"{name} of operand {i}"
    Break =
        fun y dy flows ->
            match (if i < flows.Length then flows[i] else null) with
            | null -> None
            | flow -> change y dy flow |> Option.map (fun other -> flows.SetItem(i, other))
}

let private always (change: Expr -> Expr -> Expr) (_: Expr) dy flow : Flow option = Some(change dy flow)

/// What the rule itself built: neither the node nor its cotangent, nor what they stand on.
let private own (y: Expr) (dy: Expr) (flow: Expr) =
    let given = HashSet(Expr.Nodes(y, dy))
    Expr.Nodes flow |> Seq.filter (given.Contains >> not) |> Array.ofSeq

/// Puts another node in the place of one; None where it does not fit or is the same.
let private put (flow: Expr) (from: Expr) (other: Expr) : Flow option =
    if from = other || from.DType <> other.DType then
        None
    else
        let changed =
            flow.Rebuild(fun node operands -> if node = from then other else node.With operands)

        if changed = flow then None else Some changed

/// The n-th node that the rule built, replaced by what `change` makes of it.
let private inside n (change: Expr -> Expr option) y dy flow =
    let nodes = own y dy flow

    if n >= nodes.Length then
        None
    else
        change nodes[n] |> Option.bind (put flow nodes[n])

let private operand k (node: Expr) =
    if k < node.Operands.Length then
        Some node.Operands[k]
    else
        None

let private scaled by (node: Expr) =
    match node.Op with
    | :? Const as c -> Some(Expr.Const(c.Value * by, c.DType))
    | _ -> None

let private swapped (node: Expr) =
    match node.Op, List.ofSeq node.Operands with
    | :? Select, [ mask; a; b ] -> Some(Expr.Select(mask, b, a))
    | (:? Sub | :? Div | :? MatMul), [ a; b ] -> Some(Expr.Of(node.Op, [| b; a |]))
    | _ -> None

/// Another operand of the node, or the result itself, where the rule reads one.
let private mistaken i j (y: Expr) (_: Expr) (flow: Expr) =
    let node k =
        if k < y.Operands.Length then y.Operands[k] else y

    if i > y.Operands.Length || j > y.Operands.Length then
        None
    else
        put flow (node i) (node j)

/// The first of the elements that a broadcast operand was repeated to, instead of their sum.
let private notSummed (y: Expr) i (flow: Expr) : Flow option =
    let shape = y.Operands[i].Shape

    if flow.Shape = shape || flow.Shape.Rank = 0 then
        None
    elif shape.Rank = 0 then
        Some((flow.Reshape flow.Shape.Size).Slice(0, 0, 1).Sum())
    else
        let mutable first = flow

        for axis in 0 .. shape.Rank - 1 do
            if shape[axis].IsOne then
                first <- first.Slice(axis, 0, 1)

        Some first

let private mutants: Mutant list = [
    for i in 0..3 do
        at i (always (fun _ flow -> -flow)) "the sign"
        at i (always (fun _ flow -> flow * 2.0)) "a factor of 2"
        at i (always (fun _ flow -> flow * 0.999)) "a factor of 0.999"
        at i (fun _ _ _ -> Some null) "no flow"
        at i (always (fun dy _ -> dy)) "the cotangent alone"
        at i (fun y _ flow -> notSummed y i flow) "a forgotten un-broadcast"

        for n in 0..11 do
            at i (inside n (operand 0)) $"the first operand of node {n}"
            at i (inside n (operand 1)) $"the second operand of node {n}"
            at i (inside n (scaled 2.0)) $"twice the constant of node {n}"
            at i (inside n (scaled -1.0)) $"minus the constant of node {n}"
            at i (inside n (scaled 0.0)) $"no constant of node {n}"
            at i (inside n swapped) $"operands of node {n} swapped"
            at i (inside n (fun node -> Some -node)) $"the sign of node {n}"

        for j in 0..3 do
            for k in 0..3 do
                if j <> k then
                    at i (mistaken j k) $"operand {k} for operand {j} in the flow"

    for i, j in [ 0, 1; 0, 2; 1, 2 ] do
        {
            Name = $"flows {i} and {j} swapped"
            Break =
                fun _ _ flows ->
                    if j < flows.Length && flows[i] <> flows[j] then
                        Some(flows.SetItem(i, flows[j]).SetItem(j, flows[i]))
                    else
                        None
        }
]

type private Outcome =
    | Caught
    | Equal
    | Survived

/// A mistake that the graph itself refuses is caught too.
let private refused run =
    try
        run ()
    with
    | :? GraphException
    | :? CheckException
    | :? IndexOutOfRangeException
    | :? ArgumentException -> true

/// Tries a mutant on the op's samples: None where it changes none of them.
let private outcome (op: Type) (samples: Expr list) mutant =
    let changed = HashSet()

    let rule =
        VjpRule(fun y dy ->
            let flows = y.Op.Vjp(y, dy)

            if y.Op.GetType() <> op then
                flows
            else
                match mutant.Break y dy flows with
                | None -> flows
                | Some other ->
                    changed.Add y |> ignore
                    other)

    let subject rule (y: Expr) seed =
        Subject(y, Point.Random(seed, y), CheckOptions(Elements = 6), rule)

    let fails y =
        refused (fun () ->
            seq { 1..3 }
            |> Seq.collect (subject rule y >> Check.ByElements)
            |> Seq.exists (fun element -> element.Verdict = Verdict.Fail))

    let same (y: Expr) =
        seq { 1..3 }
        |> Seq.forall (fun seed ->
            Seq.forall2
                (Array.forall2 (fun (a: float) b -> a.Equals b || abs (a - b) <= 1e-12 * max 1.0 (abs a)))
                (subject null y seed).Gradients
                (subject rule y seed).Gradients)

    if samples |> List.exists fails then Some Caught
    elif changed.Count = 0 then None
    elif samples |> List.forall same then Some Equal
    else Some Survived

/// What the checker may miss, and why.
let private explained: string list = []

let private score () =
    let results = [
        for op in Catalogue.ops do
            if not (Catalogue.isNamed op) && Catalogue.isDifferentiable op then
                let samples =
                    Catalogue.samples op
                    |> List.filter _.DType.IsFloat()
                    |> List.map _.WithDType(DType.F64)

                for mutant in mutants do
                    match outcome op samples mutant with
                    | Some result -> $"{Catalogue.nameOf op}: {mutant.Name}", result
                    | None -> ()
    ]

    let count result =
        results |> List.filter (snd >> (=) result) |> List.length

    results, count Caught, count Equal

[<Tests>]
let tests =
    testList "mutation" [
        testCase "the checker catches what is wrong"
        <| fun () ->
            let results, caught, equal = score ()
            let wrong = results.Length - equal

            printfn
                "mutation score: %d of %d wrong derivatives caught, %.1f %%; %d more change no value"
                caught
                wrong
                (100.0 * float caught / float wrong)
                equal

            let survivors = results |> List.filter (snd >> (=) Survived) |> List.map fst

            Expect.isGreaterThan wrong 500 "mutants"
            Expect.isGreaterThanOrEqual (float caught / float wrong) 0.99 $"the score; these survived: %A{survivors}"
            Expect.sequenceEqual survivors explained "what survived is explained"
    ]
