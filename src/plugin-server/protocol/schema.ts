import protobuf from 'protobufjs';

/**
 * The messages of Kong's ProtoBuf:1, package `kong_plugin_protocol`, as far as a plugin server meets them.
 *
 * Maps are written as what they are on the wire, repeated entries, so that a key such as `__proto__`, which any client
 * can send as a header's name, is data and nothing else.
 *
 * @see https://github.com/Kong/kong/blob/3.9.0/kong/include/kong/pluginsocket.proto
 * @see https://protobuf.dev/programming-guides/proto3/#maps (backwards compatibility)
 */
const { root } = protobuf.parse(
  `
  syntax = "proto3";

  message RpcCall {
    int64 sequence = 1;
    oneof call {
      Empty cmd_get_plugin_names = 31;
      CmdGetPluginInfo cmd_get_plugin_info = 32;
      CmdStartInstance cmd_start_instance = 33;
      CmdInstance cmd_get_instance_status = 34;
      CmdInstance cmd_close_instance = 35;
      CmdHandleEvent cmd_handle_event = 36;
    }
  }
  message CmdGetPluginInfo { string name = 1; }
  message CmdStartInstance { string name = 1; bytes config = 2; }
  message CmdInstance { int32 instance_id = 1; }
  message CmdHandleEvent { int32 instance_id = 1; string event_name = 2; }

  message RpcReturn {
    int64 sequence = 1;
    oneof return {
      PluginNames plugin_names = 31;
      PluginInfo plugin_info = 32;
      InstanceStatus instance_status = 33;
    }
  }
  message PluginNames { repeated string names = 1; }
  message PluginInfo {
    string name = 1;
    int64 updated_at = 2;
    int64 loaded_at = 3;
    repeated string phases = 4;
    string version = 5;
    int32 priority = 6;
    string schema = 7;
  }
  message InstanceStatus {
    string name = 1;
    int32 instance_id = 2;
    Value config = 3;
    int64 started_at = 4;
  }

  message Empty {}
  message Bool { bool v = 1; }
  message Int { int32 v = 1; }
  message Number { double v = 1; }
  message String { string v = 1; }
  message ByteString { bytes v = 1; }
  message KV { string k = 1; Value v = 2; }

  message Value {
    oneof kind {
      int32 null_value = 1;
      double number_value = 2;
      string string_value = 3;
      bool bool_value = 4;
      Struct struct_value = 5;
      ListValue list_value = 6;
    }
  }
  message Struct { repeated StructEntry fields = 1; }
  message StructEntry { string key = 1; Value value = 2; }
  message ListValue { repeated Value values = 1; }

  // The same on the wire, for what clients write: it need not be UTF-8, and must not make a reply unreadable.
  message RawString { bytes v = 1; }
  message RawValue {
    oneof kind {
      int32 null_value = 1;
      double number_value = 2;
      bytes string_value = 3;
      bool bool_value = 4;
      RawStruct struct_value = 5;
      RawListValue list_value = 6;
    }
  }
  message RawStruct { repeated RawStructEntry fields = 1; }
  message RawStructEntry { bytes key = 1; RawValue value = 2; }
  message RawListValue { repeated RawValue values = 1; }

  message ExitArgs { int32 status = 1; bytes body = 2; Struct headers = 3; }
  message Target { string host = 1; int32 port = 2; }
  message ConsumerSpec { string id = 1; bool by_username = 2; }
  message AuthenticateArgs { Consumer consumer = 1; AuthenticatedCredential credential = 2; }
  message AuthenticatedCredential { string id = 1; string consumer_id = 2; }
  message Consumer {
    string id = 1;
    int64 created_at = 2;
    string username = 3;
    string custom_id = 4;
    repeated string tags = 5;
  }
  message Key { string id = 1; }
  message Route {
    string id = 1;
    int64 created_at = 2;
    int64 updated_at = 3;
    string name = 4;
    repeated string protocols = 5;
    repeated string methods = 6;
    repeated string hosts = 7;
    repeated string paths = 8;
    repeated string headers = 9;
    int32 https_redirect_status_code = 10;
    int32 regex_priority = 11;
    bool strip_path = 12;
    bool preserve_host = 13;
    repeated string snis = 14;
    repeated string sources = 15;
    repeated string destinations = 16;
    repeated string tags = 17;
    Key service = 18;
  }
  message Service {
    string id = 1;
    int64 created_at = 2;
    int64 updated_at = 3;
    string name = 4;
    int32 retries = 5;
    string protocol = 6;
    string host = 7;
    int32 port = 8;
    string path = 9;
    int32 connect_timeout = 10;
    int32 write_timeout = 11;
    int32 read_timeout = 12;
    repeated string tags = 13;
    Key client_certificate = 14;
  }
  message RawBodyResult {
    oneof kind {
      bytes content = 1;
      string body_filepath = 2;
      string error = 3;
    }
  }
  message UriCapturesResult { repeated bytes unnamed = 1; repeated NamedCapture named = 2; }
  message NamedCapture { string key = 1; bytes value = 2; }
  `,
  { keepCase: true },
);

/** A decoded message: plain data, with the members that were on the wire as its own properties. */
export type Fields = Record<string, unknown>;

export interface MessageCodec {
  encode(fields: Fields): Uint8Array;
  /** @throws Error for bytes that are no such message */
  decode(bytes: Uint8Array): Fields;
}

/** The codec of a message, by its name in Kong's own definition. */
export function messageCodec(name: string): MessageCodec {
  const type = root.lookupType(name);
  return {
    encode: (fields) => type.encode(fields).finish(),
    decode: (bytes) => type.decode(bytes) as unknown as Fields,
  };
}
