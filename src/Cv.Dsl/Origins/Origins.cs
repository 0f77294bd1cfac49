using System.Diagnostics;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>
/// Finds the line of the author's program that is building a node: by a walk over the stack, a few microseconds long, or without one from the node that a
/// pass or a gradient is working on.
/// </summary>
static class Origins
{
    /// <summary>Names the switch that turns it all off: <c>AppContext.SetSwitch("Cv.Dsl.SourceLines", false)</c>, before the first node.</summary>
    public const string Switch = "Cv.Dsl.SourceLines";

    // A walk costs as much as the stack is deep, so nodes built at the end of a recursion pay a debt off before the next is looked up: time stays linear.
    // Whoever has come back from there owes nothing.
    const int FramesPerNode = 256;
    const int BytesPerFrame = 64; // hardly one is smaller

    static readonly bool IsOn = !AppContext.TryGetSwitch(Switch, out bool on) || on;
    static readonly string[] Ours = ["Cv.Dsl", "Cv.Runtime", "Cv.Compiler", "Cv.FSharp", "Cv.Testing", "Cv.Practice"];
    static readonly string[] Frameworks = ["System", "Microsoft", "FSharp", "FsCheck", "netstandard", "mscorlib", "Anonymously Hosted"];
    static readonly ConditionalWeakTable<Assembly, object> IsAuthors = [];

    [ThreadStatic]
    static int t_debt;

    [ThreadStatic]
    static nint t_debtor;

    [ThreadStatic]
    static bool t_isInherited;

    [ThreadStatic]
    static Origin? t_inherited;

    /// <summary>Gives the origin of a node that is built now.</summary>
    public static Origin? OfNode()
    {
        if (t_isInherited)
            return t_inherited;
        if (t_debt <= 0 || StackPointer() - t_debtor > (nint)t_debt * BytesPerFrame)
            return OfCaller();
        t_debt -= FramesPerNode;
        return null;
    }

    /// <summary>Gives the line of the author's program that called, whatever node is worked on.</summary>
    public static Origin? OfCaller()
    {
        if (!IsOn)
            return null;
        var trace = new StackTrace(fNeedFileInfo: false);
        (t_debt, t_debtor) = (trace.FrameCount - FramesPerNode, StackPointer());
        for (int i = 0; i < trace.FrameCount; i++)
            if (trace.GetFrame(i) is { } frame && frame.GetMethod() is { } method && IsOfAuthors(method.Module.Assembly))
                return new(method, frame.GetILOffset());
        return null;
    }

    /// <summary>Gives what is built until the end of the scope the origin of a node.</summary>
    public static Scope From(Expr node) => new(node.Origin);

    /// <summary>Gives what is built until the end of the scope the line of a node, and a word of how it was derived.</summary>
    public static Scope From(Expr node, string derivation) => new(Origin.Derived(node.Origin, derivation));

    /// <summary>Gives the origin of the node that a pass or a gradient is working on, if one is.</summary>
    public static Origin? Inherited => t_isInherited ? t_inherited : null;

    /// <summary>Gives about where the top of the stack is: calls move it down.</summary>
    static nint StackPointer()
    {
        byte here = 0;
        return Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref here);
    }

    static bool IsOfAuthors(Assembly assembly) =>
        (bool)
            IsAuthors.GetValue(
                assembly,
                static a =>
                {
                    string name = a.GetName().Name ?? "";
                    return !Ours.Contains(name) && !Frameworks.Any(f => name.StartsWith(f, StringComparison.Ordinal));
                }
            );

    /// <summary>Is a stretch of code on one thread in which new nodes inherit an origin.</summary>
    public readonly ref struct Scope
    {
        readonly bool _wasInherited;
        readonly Origin? _before;

        public Scope(Origin? origin)
        {
            (_wasInherited, _before) = (t_isInherited, t_inherited);
            (t_isInherited, t_inherited) = (true, origin);
        }

        public void Dispose() => (t_isInherited, t_inherited) = (_wasInherited, _before);
    }
}
