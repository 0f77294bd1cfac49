using System.Collections;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Cv.Dsl;

namespace Cv.Compiler;

/// <summary>
/// Describes a graph in full, one line a node: equal graphs give equal lines in every process, and graphs that compute something else give others. A dump is for reading and leaves
/// out what is long; here stands every attribute of every op, by reflection, so that one that is added later counts at once.
/// </summary>
static class GraphDescription
{
    const int MostElements = 16;

    static readonly ConcurrentDictionary<Type, (string Name, FieldInfo Field)[]> Fields = new();

    /// <summary>Gives the lines: the nodes, operands before users, then the updates and the outputs.</summary>
    public static ImmutableArray<string> Of(Graph graph)
    {
        var lines = ImmutableArray.CreateBuilder<string>();
        Add(lines, "", graph);
        return lines.ToImmutable();
    }

    static void Add(ImmutableArray<string>.Builder lines, string indent, Graph graph)
    {
        var names = new Dictionary<Expr, string>();
        foreach (var e in graph.Nodes)
        {
            string operands = string.Concat(e.Operands.Select(o => " " + names[o]));
            if (e.Op is Const constant)
            {
                // in place, as in a dump; by bits, so that every NaN and both zeros are themselves
                names[e] = constant.Attributes.Trim() + (constant.DType == DType.F32 ? "" : ":" + constant.DType.Text());
                continue;
            }
            names[e] = string.Create(CultureInfo.InvariantCulture, $"%{names.Count}");
            lines.Add($"{indent}{names[e]} : {e.Type} = {Op(e)}{operands}");
            if (e.Op is Closure closure)
                Add(lines, indent + "  ", new Graph(closure.Body.Results));
            if (e.Op is Custom { Rule.Forward: not null } && e.Op.Expand(e) is { } made)
                Add(lines, indent + "  ", new Graph(made));
        }
        foreach (var (target, value) in graph.Updates)
            lines.Add($"{indent}update \"{((Named)target.Op).Id}\" {names[value]}");
        lines.Add($"{indent}return {string.Join(", ", graph.Outputs.Select(o => names[o]))}");
    }

    static string Op(Expr e)
    {
        var text = new StringBuilder(e.Op.Name);
        switch (e.Op)
        {
            case Gated { Gate: var gate }:
                text.Append(' ').Append(gate);
                if (gate.HasOwnDerivative)
                    for (int i = 0; i < gate.Count; i++)
                        text.Append("; by argument ").Append(Value(i)).Append(": ").Append(gate.Derivative(i));
                break;
            case Custom { Rule: var rule }:
                text.Append(
                    CultureInfo.InvariantCulture,
                    $" {{ Count = {Value(rule.Count)}, IsLinear = {rule.IsLinear}, Evaluate = {Value(rule.Evaluate)}, Vjp = {Value(rule.Vjp)}, Jvp = {Value(rule.Jvp)} }}"
                );
                break;
            case Literal literal:
                text.Append(' ').Append(Numbers(MemoryMarshal.AsBytes(literal.Values), literal.Values.Length));
                break;
            default:
                text.Append(Attributes(e.Op));
                break;
        }
        return text.ToString();
    }

    /// <summary>Writes what an op holds beside its name and type.</summary>
    static string Attributes(Op op)
    {
        string id = op is Named named ? $" \"{named.Id}\"" : "";
        var parts = FieldsOf(op.GetType())
            .Where(f =>
                f.Field.DeclaringType != typeof(Named) && f.Field.FieldType != typeof(Body) && f.Field.FieldType != typeof(TensorType)
            )
            .Select(f => $"{f.Name} {Value(f.Field.GetValue(op))}")
            .ToList();
        return parts.Count == 0 ? id : $"{id} {{ {string.Join(", ", parts)} }}";
    }

    /// <summary>Writes a value by what it holds, never by what it is called in this process.</summary>
    static string Value(object? value) =>
        value switch
        {
            null => "none",
            string text => $"\"{text}\"",
            double number => number.ToString("R", CultureInfo.InvariantCulture),
            float number => number.ToString("R", CultureInfo.InvariantCulture),
            Enum choice => choice.ToString(),
            bool truth => truth ? "true" : "false",
            IFormattable number when value.GetType().IsPrimitive => number.ToString(null, CultureInfo.InvariantCulture),
            Shape or Dim or Ints or Axes or TensorType => value.ToString()!,
            Identity identity => $"\"{identity}\"",
            Type type => type.FullName ?? type.Name,
            Expr node => $"[{string.Join(" | ", Of(new Graph(node)))}]",
            Delegate code => Code(code),
            double[] numbers => Numbers(MemoryMarshal.AsBytes(numbers.AsSpan()), numbers.Length),
            IEnumerable list => $"({string.Join(" ", list.Cast<object?>().Select(Value))})",
            _ => Parts(value),
        };

    static string Parts(object value)
    {
        var type = value.GetType();
        return $"{type.Name}({string.Join(", ", FieldsOf(type).Select(f => $"{f.Name} {Value(f.Field.GetValue(value))}"))})";
    }

    // managed code is opaque: its name tells, and the numbers that it has captured
    static string Code(Delegate code)
    {
        string name = $"{code.Method.DeclaringType?.FullName}.{code.Method.Name}";
        if (code.Target is not { } target)
            return name;
        var captured = target
            .GetType()
            .GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(f => f.FieldType.IsPrimitive || f.FieldType.IsEnum || f.FieldType == typeof(string))
            .OrderBy(f => f.Name, StringComparer.Ordinal)
            .Select(f => $"{f.Name} {Value(f.GetValue(target))}");
        return $"{name}({string.Join(", ", captured)})";
    }

    static string Numbers(ReadOnlySpan<byte> bytes, int count)
    {
        string of = count.ToString(CultureInfo.InvariantCulture);
        return count <= MostElements
            ? $"({string.Join(" ", MemoryMarshal.Cast<byte, double>(bytes).ToArray().Select(v => Value(v)))})"
            : $"{of} values with SHA-256 {Convert.ToHexStringLower(SHA256.HashData(bytes))}";
    }

    /// <summary>Gives the fields of a type and of its bases, by name; what is kept of hashes is another number in every process.</summary>
    static (string Name, FieldInfo Field)[] FieldsOf(Type type) =>
        Fields.GetOrAdd(
            type,
            static t =>
            {
                var fields = new List<(string Name, FieldInfo Field)>();
                for (var at = t; at is not null && at != typeof(object) && at != typeof(ValueType); at = at.BaseType)
                    foreach (
                        var field in at.GetFields(
                            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly
                        )
                    )
                        if (!field.Name.Contains("hash", StringComparison.OrdinalIgnoreCase))
                            fields.Add(
                                (
                                    field
                                        .Name.Replace("<", "", StringComparison.Ordinal)
                                        .Replace(">k__BackingField", "", StringComparison.Ordinal),
                                    field
                                )
                            );
                return [.. fields.OrderBy(f => f.Name, StringComparer.Ordinal)];
            }
        );
}
