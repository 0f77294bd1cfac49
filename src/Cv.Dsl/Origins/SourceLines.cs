using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;
using System.Runtime.CompilerServices;

namespace Cv.Dsl;

/// <summary>Turns a place in compiled code into a line of source, by the portable debug symbols in an assembly or beside it.</summary>
static class SourceLines
{
    static readonly ConditionalWeakTable<Module, Symbols> Known = [];

    /// <summary>Finds file and line of an instruction, of the method's first where it is not known (-1, in optimised code); null where there are no symbols.</summary>
    public static (string Path, int Line)? Find(MethodBase method, int offset)
    {
        if (Known.GetValue(method.Module, Read).Reader is not { } reader)
            return null;
        if (MetadataTokens.EntityHandle(method.MetadataToken) is not { Kind: HandleKind.MethodDefinition } handle)
            return null;
        (string, int)? found = null;
        foreach (var point in reader.GetMethodDebugInformation((MethodDefinitionHandle)handle).GetSequencePoints())
        {
            if (point.Offset > offset && found is not null)
                break;
            if (!point.IsHidden)
                found = (reader.GetString(reader.GetDocument(point.Document).Name), point.StartLine);
        }
        return found;
    }

    /// <summary>Names a method as its author wrote it: that of a lambda is the one around it.</summary>
    public static string NameOf(MethodBase method)
    {
        var (type, name) = (method.DeclaringType, method.Name);
        if (name.IndexOf('>', StringComparison.Ordinal) is var end and > 1 && name[0] == '<')
            name = name[1..end]; // C#: <Build>b__0
        for (; type is { IsNested: true } && type.Name.AsSpan().IndexOfAny('<', '@') is var at and >= 0; type = type.DeclaringType)
            if (at > 0)
                name = type.Name[..at]; // F#: build@12.Invoke
        return type is null ? name : $"{type.Name}.{name}";
    }

    static Symbols Read(Module module)
    {
        try
        {
            string path = module.Assembly.Location;
            if (path.Length == 0)
                return new(null);
            using var assembly = new PEReader(File.OpenRead(path));
            // read whole: an open file would lock it against the next build
            return assembly.TryOpenAssociatedPortablePdb(path, Open, out var symbols, out _)
                ? new(symbols!.GetMetadataReader())
                : new(null);
        }
        catch (Exception ex) when (ex is IOException or UnauthorizedAccessException or BadImageFormatException or NotSupportedException)
        {
            return new(null);
        }
    }

    static MemoryStream? Open(string path) => File.Exists(path) ? new(File.ReadAllBytes(path)) : null;

    /// <summary>Holds a module's symbols, or none.</summary>
    sealed record Symbols(MetadataReader? Reader);
}
