/// What a build does about the plotting library: with npm, without it, and with the network off.
module Cv.Tests.ChartsBuildTests

open System
open System.Diagnostics
open System.IO
open System.Text.Json
open Cv.Reporting
open Cv.Tests.DataFiles
open Expecto

let private project =
    let rec upFrom (folder: DirectoryInfo | null) =
        match folder with
        | null -> failwith "the source of Cv.Report must be above the tests"
        | folder ->
            let project = Path.Combine(folder.FullName, "src", "Cv.Report", "Cv.Report.csproj")

            if File.Exists project then
                project
            else
                upFrom folder.Parent

    lazy upFrom (DirectoryInfo AppContext.BaseDirectory)

/// Runs the build's part that places the library, into a folder of its own; gives what it said, and the three files.
let private place folder (properties: string list) =
    let charts = $"-p:ChartsFolder={folder}{Path.DirectorySeparatorChar}"

    let start =
        ProcessStartInfo(
            "dotnet",
            [ "msbuild"; project.Value; "-nologo"; "-v:m"; "-t:EmbedCharts"; "-p:Configuration=Release"; charts; yield! properties ],
            RedirectStandardOutput = true
        )

    use running = Process.Start start |> Option.ofObj |> Option.get
    let text = running.StandardOutput.ReadToEnd()
    running.WaitForExit()
    Expect.equal running.ExitCode 0 text
    text, [ for name in [ "charts.js"; "charts.css"; "charts.licence" ] -> File.ReadAllText(Path.Combine(folder, name)) ]

/// A program that stands for npm: `ci` makes the files that a restore would, and counts how often it ran.
let private fakeNpm folder script =
    let npm = Path.Combine(folder, "npm")
    File.WriteAllText(npm, "#!/bin/sh\n" + script)
    File.SetUnixFileMode(npm, UnixFileMode.UserRead ||| UnixFileMode.UserExecute)
    npm

let private restores =
    "echo ran >> \"$(dirname \"$0\")/log\"\n"
    + "mkdir -p node_modules/uplot/dist && cd node_modules/uplot\n"
    + "echo script > dist/uPlot.iife.min.js; echo style > dist/uPlot.min.css; echo licence > LICENSE\n"

let private placed = [ "script\n"; "style\n"; "licence\n" ]
let private nothing = [ ""; ""; "" ]

[<Tests>]
let tests =
    testList "Charts' build" [
        testCase "npm runs once; without it, or with -p:Charts=false, nothing is embedded, and the build succeeds"
        <| fun () ->
            inFolder (fun folder ->
                let text, files = place folder [ $"-p:Npm={folder}/no-such-npm" ]
                Expect.equal files nothing "no npm"
                Expect.stringContains text "pages will show tables instead of charts. Install npm" "and it is said"
                Expect.isFalse (text.Contains("warning", StringComparison.OrdinalIgnoreCase)) "which is no warning"

                if not (OperatingSystem.IsWindows()) then
                    let npm = fakeNpm folder restores
                    Expect.equal (snd (place folder [ $"-p:Npm={npm}" ])) placed "npm"
                    Expect.equal (snd (place folder [ $"-p:Npm={npm}" ])) placed "again"
                    Expect.equal (File.ReadAllLines(Path.Combine(folder, "log"))) [| "ran" |] "once"
                    Expect.equal (snd (place folder [ $"-p:Npm={npm}"; "-p:Charts=false" ])) nothing "not wanted"
                    Expect.equal (snd (place folder [ $"-p:Npm={npm}" ])) placed "wanted again"
                    Expect.equal (File.ReadAllLines(Path.Combine(folder, "log"))) [| "ran" |] "still once"
                    Expect.isEmpty (Directory.GetDirectories(folder, "npm-*")) "nothing is left over")

        testCase "npm that fails, as it does with the network off, fails no build"
        <| fun () ->
            if not (OperatingSystem.IsWindows()) then
                inFolder (fun folder ->
                    let npm = fakeNpm folder "echo 'npm error: network' >&2; exit 1\n"
                    let text, files = place folder [ $"-p:Npm={npm}" ]
                    Expect.equal files nothing "nothing"
                    Expect.stringContains text "gave exit code 1" "and it is said")

        testCase "what is pinned names no host, and is exact"
        <| fun () ->
            let web = Path.Combine(Path.GetDirectoryName project.Value |> string, "web")

            let lock = File.ReadAllText(Path.Combine(web, "package-lock.json"))
            Expect.isFalse (lock.Contains("resolved", StringComparison.Ordinal)) "no address"
            Expect.isFalse (lock.Contains("://", StringComparison.Ordinal)) "nor any other"

            let pinned =
                JsonDocument.Parse(lock).RootElement.GetProperty("packages").GetProperty("node_modules/uplot")

            Expect.stringStarts (pinned.GetProperty("integrity").GetString() |> string) "sha512-" "its digest"

            let asked =
                JsonDocument.Parse(File.ReadAllText(Path.Combine(web, "package.json"))).RootElement.GetProperty "dependencies"

            Expect.equal (asked.GetProperty("uplot").GetString()) (pinned.GetProperty("version").GetString()) "one version"

        testCase "what was embedded is the library with its licence, or nothing"
        <| fun () ->
            let library = ChartLibrary.Embedded

            if library.IsThere then
                Expect.stringContains library.Script "uPlot" "the script"
                Expect.isFalse (library.Script.Contains("</script", StringComparison.OrdinalIgnoreCase)) "it can stand in a page"
                Expect.stringContains library.Style ".uplot" "the style"
                Expect.stringContains library.Licence "MIT License" "the licence"
            else
                Expect.equal (library.Style, library.Licence) ("", "") "nothing"
    ]
