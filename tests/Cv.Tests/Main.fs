/// Hands every [<Tests>] value of this assembly to NUnit, leaf by leaf.
module Cv.Tests.Main

open System.Reflection
open Expecto
open NUnit.Framework

let private leaves =
    lazy
        ([
            for holder in Assembly.GetExecutingAssembly().GetTypes() do
                for value in holder.GetProperties(BindingFlags.Static ||| BindingFlags.Public ||| BindingFlags.NonPublic) do
                    if value.IsDefined typeof<TestsAttribute> then
                        value.GetValue null |> unbox<Test>
         ]
         |> Test.leaves)

let private cases alone = [
    for leaf in leaves.Value do
        if leaf.Alone = alone then
            TestCaseData(leaf.Run).SetName leaf.Path
]

[<TestFixture>]
type Tests() =
    static member Beside = cases false
    static member OneByOne = cases true

    [<TestCaseSource(nameof Tests.Beside); Parallelizable(ParallelScope.All)>]
    member _.InParallel(run: unit -> unit) = run ()

    [<TestCaseSource(nameof Tests.OneByOne); NonParallelizable>]
    member _.Alone(run: unit -> unit) = run ()
