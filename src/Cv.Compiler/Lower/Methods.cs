using System.Collections.Concurrent;
using System.Linq.Expressions;
using System.Reflection;

namespace Cv.Compiler;

/// <summary>
/// Finds methods, operators and properties by name and types, and remembers what it found: emitters ask for the same few hundred again and
/// again, and reflection is what a compilation would spend its time on.
/// </summary>
static class Methods
{
    static readonly ConcurrentDictionary<Key, MemberInfo> Known = new();

    /// <summary>Finds the public static method, generic by its arguments' elements or not, that takes arguments of exactly these types.</summary>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static MethodInfo Taking(Type holder, string name, params Type[] arguments) =>
        (MethodInfo)Known.GetOrAdd(new(Purpose.Taking, holder, name, arguments), static key => Search(key));

    /// <summary>Gives the public static method of a name, unique but for the number of type arguments, with these type arguments.</summary>
    public static MethodInfo Of(Type holder, string name, params Type[] types) =>
        (MethodInfo)
            Known.GetOrAdd(
                new(Purpose.Of, holder, name, types),
                static key =>
                    key.Holder.GetMethods(BindingFlags.Public | BindingFlags.Static)
                        .Single(m => m.Name == key.Name && m.GetGenericArguments().Length == key.Types.Length)
                        .MakeGenericMethod(key.Types)
            );

    /// <summary>Gives a static property of a type.</summary>
    public static PropertyInfo Property(Type holder, string name) =>
        (PropertyInfo)Known.GetOrAdd(new(Purpose.Property, holder, name, []), static key => key.Holder.GetProperty(key.Name)!);

    /// <summary>Writes a binary operator; <see cref="Expression.Add(Expression, Expression)"/> would search for that of a vector each time.</summary>
    public static BinaryExpression Binary(ExpressionType kind, Expression a, Expression b) =>
        a.Type.IsPrimitive
            ? Expression.MakeBinary(kind, a, b)
            : Expression.MakeBinary(
                kind,
                a,
                b,
                false,
                (MethodInfo)
                    Known.GetOrAdd(
                        new(Purpose.Operator, a.Type, kind.ToString(), [a.Type, b.Type]),
                        static key =>
                            Expression
                                .MakeBinary(
                                    Enum.Parse<ExpressionType>(key.Name),
                                    Expression.Default(key.Types[0]),
                                    Expression.Default(key.Types[1])
                                )
                                .Method!
                    )
            );

    static MethodInfo Search(Key key)
    {
        foreach (var method in key.Holder.GetMethods(BindingFlags.Public | BindingFlags.Static))
        {
            if (method.Name != key.Name || method.GetParameters().Length != key.Types.Length)
                continue;
            var candidate = method;
            if (method.IsGenericMethodDefinition)
            {
                if (method.GetGenericArguments().Length != 1 || ElementOf(key.Types) is not { } element)
                    continue;
                candidate = method.MakeGenericMethod(element);
            }
            if (candidate.GetParameters().Select(p => p.ParameterType).SequenceEqual(key.Types))
                return candidate;
        }
        throw new InvalidOperationException(
            $"lanes: {key.Holder.Name} has no {key.Name}({string.Join(", ", key.Types.Select(t => t.Name))})."
        );
    }

    /// <summary>Guesses the type argument: the element of the first vector, or the type of the only number.</summary>
    static Type? ElementOf(Type[] arguments) =>
        arguments.FirstOrDefault(a => a.IsGenericType)?.GetGenericArguments()[0]
        ?? (arguments is [{ IsPrimitive: true } only] ? only : null);

    enum Purpose
    {
        Taking,
        Of,
        Property,
        Operator,
    }

    /// <summary>Names a member; equal by content, types included.</summary>
    readonly record struct Key(Purpose Purpose, Type Holder, string Name, Type[] Types)
    {
        public bool Equals(Key other) =>
            Purpose == other.Purpose
            && Holder == other.Holder
            && string.Equals(Name, other.Name, StringComparison.Ordinal)
            && Types.AsSpan().SequenceEqual(other.Types);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.Add(Purpose);
            hash.Add(Holder);
            hash.Add(Name, StringComparer.Ordinal);
            foreach (var type in Types)
                hash.Add(type);
            return hash.ToHashCode();
        }
    }
}
